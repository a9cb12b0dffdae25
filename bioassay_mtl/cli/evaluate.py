"""``bioassay-mtl evaluate``: metrics of a model on a panel with known outcomes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bioassay_mtl.cli.output_options import Overwrite
from bioassay_mtl.cli.panel_schema import (
    Columns,
    Merge,
    MinRows,
    Missing,
    Standardize,
    Tasks,
    ToP,
    schema_of,
)
from bioassay_mtl.cli.table_options import (
    FORMATS,
    Decimal,
    Delimiter,
    Encoding,
    IdColumn,
    Sheet,
    SmilesColumn,
    Thousands,
    table_options,
)
from bioassay_mtl.cli.terminal import say
from bioassay_mtl.cli.waiting import waiting
from bioassay_mtl.errors import ConfigError, InputError, counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bioassay_mtl.panels.panel import Panel
    from bioassay_mtl.panels.schema import PanelSchema
    from bioassay_mtl.tasks.kinds import TaskKind


def evaluate(
    ctx: typer.Context,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Model folder, or shipped model.")],
    panel: Annotated[
        str,
        typer.Argument(metavar="PANEL", help=f"Table ({FORMATS}), wide, long or of PubChem."),
    ],
    out: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write all metrics as JSON; - is stdout.")
    ] = None,
    report: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write a page to read (.html).")
    ] = None,
    bootstrap: Annotated[
        int, typer.Option(min=0, metavar="N", help="Resamples for confidence intervals; 0: none.")
    ] = 200,
    split_column: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Column that tells the subsets of a split.")
    ] = None,
    part: Annotated[
        str | None, typer.Option(metavar="VALUE", help="Subset of the split to evaluate on.")
    ] = None,
    smiles_column: SmilesColumn = None,
    id_column: IdColumn = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    decimal: Decimal = None,
    thousands: Thousands = False,
    sheet: Sheet = None,
    task: Tasks = None,
    column: Columns = None,
    min_rows: MinRows = None,
    to_p: ToP = False,
    missing: Missing = None,
    merge: Merge = False,
    standardize: Standardize = False,
    workers: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Processes that parse; all cores if not given."),
    ] = None,
    device: Annotated[
        str, typer.Option(metavar="cpu|cuda|cuda:N|mps", help="Device of the network.")
    ] = "cpu",
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Seed of the resampling.")] = 0,
    overwrite: Overwrite = False,
) -> None:
    """Compare a model's predictions with measured outcomes.

    Only the model's own assays are looked for, under its names for them, and read as its kinds.
    Empty cells count as not measured, never as inactive.

    Example:  bioassay-mtl evaluate runs/mine panel.csv --split-column split --part test
    """
    from bioassay_mtl.cli.console import PlainConsole
    from bioassay_mtl.cli.evaluate_report import evaluation_table
    from bioassay_mtl.panels.header import some
    from bioassay_mtl.report.evidence import gather
    from bioassay_mtl.screening.cores import available_cores
    from bioassay_mtl.screening.output import Output, opened, reserved

    if (split_column is None) != (part is None):
        raise ConfigError("--split-column and --part belong together")
    target = Output(out, overwrite=overwrite, inputs=[panel]) if out else None
    page = Output(report, overwrite=overwrite, inputs=[panel]) if report else None
    ctx.with_resource(reserved(target, page))
    schema = schema_of(
        panel,
        task,
        column,
        smiles_column,
        min_rows,
        to_p,
        merge,
        standardize,
        id_column,
        table_options(encoding, delimiter, decimal, thousands, sheet),
        missing,
    )
    with waiting(f"reading {panel}"):
        table = read_as(model, panel, schema)
    if split_column is not None and part is not None:
        table = choose_part(table, split_column, part)

    from bioassay_mtl.models.evaluation import n_known_to
    from bioassay_mtl.models.model import Model

    loaded = Model.load(model, device=device)
    assays = [task for task in loaded.tasks if task in table.tasks]
    if not assays:
        raise InputError(
            f"the table holds none of the model's {len(loaded.tasks)} assays, "
            f"such as {loaded.tasks[0]!r}",
            file=panel,
            hint="columns of an assay hold 1, 0 or nothing, under the model's name for it",
        )
    if absent := [task for task in loaded.tasks if task not in set(assays)]:
        said = f"{len(absent):,} of the model's {len(loaded.tasks):,} assays"
        say(f"not in {panel}: {some(absent)} ({said})")
    if n_known := n_known_to(loaded, table):
        say(
            f"{n_known:,} of {counted(len(table), 'row')} are molecules that the model was trained "
            "on, or that chose its epoch: its scores there say nothing of new molecules"
        )
    with waiting(f"predicting {counted(len(table), 'molecule')}"):
        evidence = gather(
            loaded,
            table,
            rows=panel if part is None else f"{part} of {panel}",
            workers=workers or available_cores(),
            n_bootstrap=bootstrap,
            seed=seed,
        )
    with waiting(f"scoring, with {counted(bootstrap, 'resample')}"):
        found = evidence.found
    left_out = evidence.left_out
    with opened(target, page) as (to_json, to_page):
        if to_json:
            facts = {"model": loaded.name, "panel": panel, "part": part, "left_out": left_out}
            to_json.write((json.dumps({**facts, **found.to_json()}, indent=1) + "\n").encode())
        if to_page:
            from bioassay_mtl.report import model_report

            to_page.write(model_report(replace(evidence, n_known=n_known)).encode())
    PlainConsole(stderr=bool(target and target.is_stdout)).print(
        evaluation_table(
            found, n_model_assays=len(loaded.tasks), left_out=left_out, sheet=loaded.sheet
        )
    )


def read_as(model: str, panel: str, schema: PanelSchema) -> Panel:
    """Read the model's assays from a table: no other column is one, whatever it holds.

    What a schema says of an assay goes before what the model knows of it.
    """
    from bioassay_mtl.models.evaluation import check_kind, unit_of
    from bioassay_mtl.models.folder import read_config
    from bioassay_mtl.models.shipped import find_model
    from bioassay_mtl.panels.header import some
    from bioassay_mtl.panels.known import known_assays
    from bioassay_mtl.panels.load import load_panel
    from bioassay_mtl.tasks.kinds import complete, kind_config
    from bioassay_mtl.tasks.units import P_SCALE, p_name

    config = read_config(find_model(model))
    kinds = complete([kind_config(each) for each in config.get("kinds", ())], len(config["tasks"]))
    loaded = load_panel([panel], schema, known=known_assays(config["tasks"], kinds))
    table = loaded.panel
    ours = dict(zip(config["tasks"], kinds, strict=True))
    assumed = []
    for place, (task, kind) in enumerate(zip(table.tasks, table.kinds, strict=True)):
        if task in ours:
            check_kind(
                task, ours[task], kind, panel, "a schema, --task and --to-p say how it is read"
            )
            if {unit_of(ours[task]), unit_of(kind)} == {"", P_SCALE}:
                values = table.cells.of_task(place).values
                _check_p_values(task, kind, values, panel, loaded.layout)
                assumed.append(task)
        elif unit_of(ours.get(p_name(task))) == P_SCALE:
            raise InputError(
                f"it has no unit, and the model predicts {p_name(task)!r}",
                file=panel,
                column=task,
                hint=f"write the unit in the header: '{task} (nM)'",
            )
    if assumed:
        only = "though only the model or the table says so"
        say(f"taken as p-values, {only}: {some(assumed)}")
    return table


def _check_p_values(
    task: str, kind: TaskKind, values: NDArray[Any], panel: str, layout: str
) -> None:
    from bioassay_mtl.models.evaluation import check_p_values

    named = f"--task {task}:{kind.kind}"
    # A column that is converted has another name then.
    mend = f"give the unit: {named}:nM" if layout == "long" else "write p-values there"
    hint = f"{mend}, or {named}:p if they are p-values after all"
    check_p_values(task, kind, values, panel, hint)


def choose_part(panel: Panel, column: str, value: str) -> Panel:
    """Rows whose column holds the value."""
    from bioassay_mtl.config import did_you_mean

    if column not in panel.columns:
        raise ConfigError(f"no column {column!r} ({did_you_mean(column, panel.columns)})")
    values = panel.columns[column]
    if value not in values:
        raise ConfigError(
            f"column {column!r} never holds {value!r} ({did_you_mean(value, set(values))})"
        )
    return panel.take([row for row, found in enumerate(values) if found == value])
