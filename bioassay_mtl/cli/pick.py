"""``bioassay-mtl pick``: the few molecules of a screen that are worth a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bioassay_mtl.cli.output_options import Overwrite, SpreadsheetSafe
from bioassay_mtl.cli.terminal import say
from bioassay_mtl.errors import ConfigError, counted

if TYPE_CHECKING:
    from bioassay_mtl.choosing.picking import Picked


def pick(
    ctx: typer.Context,
    hits: Annotated[
        str, typer.Argument(metavar="HITS", help="File that screen wrote: any format.")
    ],
    assay: Annotated[
        str, typer.Option(metavar="A", help="Assay, as HITS names it (or the model).")
    ],
    n: Annotated[
        int, typer.Option("--n", "-n", min=1, metavar="N", help="Number of molecules.")
    ] = 50,
    output: Annotated[
        list[str] | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="File to write, also several: .csv, .sdf, .xlsx, .html (drawings), ...; a CSV on "
            "standard output if none is given.",
        ),
    ] = None,
    max_per_scaffold: Annotated[
        int | None,
        typer.Option(min=1, metavar="K", help="At most K molecules of one scaffold."),
    ] = None,
    no_alerts: Annotated[
        bool, typer.Option("--no-alerts", help="Leave out those with a PAINS, Brenk or NIH alert.")
    ] = False,
    diverse: Annotated[
        bool,
        typer.Option("--diverse", help="Take those least like each other among the best 10 N."),
    ] = False,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FOLDER",
            help="The model that predicted: adds promiscuity and the nearest known active.",
        ),
    ] = None,
    new_only: Annotated[
        bool, typer.Option("--new-only", help="Leave out what the model was trained on.")
    ] = False,
    lowest: Annotated[
        bool | None,
        typer.Option(
            "--lowest/--highest",
            help="Which predictions are good; if not given, what the model knows of the assay, or "
            "high ones.",
        ),
    ] = None,
    keep: Annotated[
        str | None, typer.Option(metavar="A,B|@FILE", help="Further columns of HITS to write.")
    ] = None,
    spreadsheet_safe: SpreadsheetSafe = False,
    overwrite: Overwrite = False,
) -> None:
    """Choose molecules of a screen for one assay, best first.

    Writes each with its prediction, scaffold, weight, logP, TPSA, QED and structural alerts; one
    molecule is written once, however often it was screened.

    Example:  bioassay-mtl pick hits.csv --assay PCBA-1030 -n 20 --no-alerts --max-per-scaffold 2
    -o picks.csv -o picks.html
    """
    from bioassay_mtl.choosing.picking import PickOptions
    from bioassay_mtl.choosing.picking import pick as run
    from bioassay_mtl.choosing.writing import check_name, write_picked
    from bioassay_mtl.cli.screen import read_names
    from bioassay_mtl.screening.output import Output, opened, reserved
    from bioassay_mtl.tables.formulas import FormulaGuard

    names = output or ["-"]
    if len(set(names)) < len(names):
        raise ConfigError("each file can be written once: give other names")
    for name in names:
        check_name(name)
    targets = [Output(name, overwrite=overwrite, inputs=[hits]) for name in names]
    ctx.with_resource(reserved(*targets))
    options = PickOptions.of(
        {
            "n": n,
            "max_per_scaffold": max_per_scaffold,
            "no_alerts": no_alerts,
            "diverse": diverse,
            "new_only": new_only,
            "lowest": lowest,
            "keep": () if keep is None else read_names(keep),
        }
    )
    pending = None
    if model is not None:
        from bioassay_mtl.models.loading import PendingModel

        pending = PendingModel(model)
    picked = run(hits, assay, options, pending)
    guard = FormulaGuard(quote=spreadsheet_safe)
    with opened(*targets) as sinks:
        for name, sink in zip(names, sinks, strict=True):
            if sink is not None:
                write_picked(picked, name, sink, guard)
    tell(picked, n)
    if guard.found and not spreadsheet_safe:
        cells = counted(guard.found, "cell")
        say(f"{cells} of text would run as formulas in a spreadsheet: see --spreadsheet-safe")


def tell(picked: Picked, wanted: int) -> None:
    """Say what was chosen, of how many, and what was passed over."""
    left = picked.left
    name = f" ({picked.about.title})" if picked.about and picked.about.title else ""
    say(
        f"{counted(len(picked), 'molecule')} for {picked.assay}{name}, of "
        f"{picked.n_predicted:,} with a prediction, {picked.order}"
    )
    for count, text in (
        (left.alerts, "with alerts"),
        (left.scaffold, "more of a scaffold"),
        (left.twice, "there twice"),
        (left.unreadable, "that cannot be read"),
    ):
        if count:
            say(f"passed over: {count:,} {text}")
    if known := picked.cells.get("known", []).count("inactive"):
        say(
            f"{known:,} of these {'was' if known == 1 else 'were'} measured as inactive: "
            "--new-only leaves out what the model was trained on"
        )
    if len(picked) < wanted:
        say(f"no more of the best {picked.n_looked_at:,} fit, though {wanted:,} were asked for")
