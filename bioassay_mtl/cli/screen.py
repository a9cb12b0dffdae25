"""``bioassay-mtl screen``: files of molecules in, a table of probabilities out."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from contextlib import suppress
from math import isfinite
from pathlib import Path
from typing import Annotated

import typer

from bioassay_mtl.cli.engines import Address
from bioassay_mtl.cli.garbage import unsearched
from bioassay_mtl.cli.names import DEFAULT_MODEL
from bioassay_mtl.cli.output_options import AsJson, Format, Long, Overwrite, SpreadsheetSafe
from bioassay_mtl.cli.screened import unusable, with_assays_named
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
from bioassay_mtl.errors import ConfigError, InputError, OutputError, counted

LONG = 1_000_000
"""Bytes of inputs that keep workers busy for seconds; of shorter ones it is not sure that any
worker is needed."""


def screen(
    ctx: typer.Context,
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT",
            help=f"{FORMATS}; - is stdin.",
        ),
    ],
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="File to write; - is stdout.")
    ] = "-",
    out: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER",
            help="Write a data set of parts instead of FILE, or go on with one.",
        ),
    ] = None,
    part_rows: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Records of a part of --out (102,400).")
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option(metavar="I/N", help="Write the I-th of N shares of the parts of --out."),
    ] = None,
    engine: Annotated[
        str,
        typer.Option(metavar="local|ray", help="Engine that writes --out: this machine, or Ray."),
    ] = "local",
    address: Address = None,
    model: Annotated[
        str, typer.Option(metavar="NAME|FOLDER", help="Shipped model, or a model folder.")
    ] = DEFAULT_MODEL,
    assays: Annotated[
        str | None,
        typer.Option(
            metavar="A,B|@FILE",
            help="Assays to write: identifiers, names, genes, patterns such as 'PCBA-9*'; @FILE "
            "names one a line.",
        ),
    ] = None,
    top: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="K",
            help="Write the K molecules of each assay with the highest probability, or the best "
            "value (the highest, unless the model knows that low is good).",
        ),
    ] = None,
    select: Annotated[
        float | None,
        typer.Option(
            min=0.001,
            max=0.999,
            metavar="RATE",
            help="Write molecules selected for each assay; of them this share may be inactive.",
        ),
    ] = None,
    long: Long = False,
    show: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="N",
            help="Show the N molecules furthest above the usual active share, or of the best "
            "values.",
        ),
    ] = 0,
    page: Annotated[
        str | None, typer.Option("--report", metavar="FILE", help="Write a page to read (.html).")
    ] = None,
    reasons: Annotated[
        bool,
        typer.Option(
            "--reasons/--no-reasons",
            help="Color atoms of the hits in the report by what they add to the prediction.",
        ),
    ] = True,
    file_format: Format = None,
    smiles_column: SmilesColumn = None,
    id_column: IdColumn = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    decimal: Decimal = None,
    thousands: Thousands = False,
    sheet: Sheet = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Processes that parse molecules; all cores if not given."
        ),
    ] = None,
    batch_size: Annotated[
        int, typer.Option(min=1, max=65536, metavar="N", help="Molecules handled at a time.")
    ] = 1024,
    device: Annotated[
        str, typer.Option(metavar="cpu|cuda|cuda:N|mps", help="Device of the network.")
    ] = "cpu",
    max_atoms: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Leave out molecules with more heavy atoms (too_large)."
        ),
    ] = None,
    standardize: Annotated[
        bool,
        typer.Option(
            "--standardize", help="Strip salts and charges first, so that they change nothing."
        ),
    ] = False,
    new_only: Annotated[
        bool,
        typer.Option(
            "--new-only", help="Leave what the model was trained on out of top, show and report."
        ),
    ] = False,
    annotate: Annotated[
        bool,
        typer.Option(
            "--annotate",
            help="Add weight, logP, TPSA, QED, alerts (PAINS, Brenk, NIH), and promiscuity: slow, "
            "but with --top or --select, and neither --show nor --report, of hits alone.",
        ),
    ] = False,
    keep: Annotated[
        str | None,
        typer.Option(
            metavar="A,B|@FILE", help="Columns, or SDF properties, of the input to write too."
        ),
    ] = None,
    domain: Annotated[
        bool,
        typer.Option(
            "--domain",
            help="Tell how near the training molecules are, and what was measured of these.",
        ),
    ] = False,
    confidence: Annotated[
        bool,
        typer.Option(
            "--confidence", help="Say how sure predictions are: columns A:spread, A:low, A:high."
        ),
    ] = False,
    p_values: Annotated[
        bool,
        typer.Option("--p-values", help="Columns A:p_value, by which merge --select chooses."),
    ] = False,
    raw: Annotated[
        bool,
        typer.Option("--raw", help="Probabilities of the network itself, not calibrated."),
    ] = False,
    spreadsheet_safe: SpreadsheetSafe = False,
    molecule_timeout: Annotated[
        float,
        typer.Option(
            min=0,
            metavar="SECONDS",
            help="Give up a molecule after so long (timed_out); 0: never.",
        ),
    ] = 5.0,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Predict how likely each molecule is active in each assay, or its value.

    Writes one row for each input record, in order: row, id, smiles, status, in_training (was the
    model trained on it?), then one column for each assay (of classes, one for each class). A record
    that cannot be predicted keeps its row: the status says why. Columns that a model reads beside
    structures are found by their names.

    With --domain: similarity (Tanimoto) to the nearest training molecule, its SMILES, in_domain (as
    near as 95 % of the training molecules are to each other); for each assay, known (what was
    measured of the same molecule) and nearest_active (similarity of the nearest known active, from
    0.35 on).

    With --annotate: mw, logp, tpsa, qed, alerts (PAINS, Brenk, NIH), and promiscuity, in how many
    of the model's assays a molecule stands at ten times the usual or more.

    Example:  bioassay-mtl screen library.smi -o hits.csv --show 10
    """
    search_garbage = ctx.with_resource(unsearched())
    is_long = are_long(inputs)
    if is_long and engine == "local" and isfinite(molecule_timeout):  # else it is refused below
        from bioassay_mtl.chem.ahead import workers_ahead
        from bioassay_mtl.screening.cores import available_cores

        ctx.with_resource(workers_ahead(workers or available_cores(), molecule_timeout))
    from bioassay_mtl.cli import screen_report as report
    from bioassay_mtl.cli.screen_parts import refuse_without_out, screen_in_parts
    from bioassay_mtl.models.loading import PendingModel
    from bioassay_mtl.screening.options import ScreenOptions
    from bioassay_mtl.screening.output import Output, reserved
    from bioassay_mtl.screening.pipeline import check_inputs
    from bioassay_mtl.screening.pipeline import screen as run
    from bioassay_mtl.tables import ReadProgress

    settings = {
        "assays": None if assays is None else read_names(assays),
        "top": top,
        "select": select,
        "long": long,
        "format": file_format,
        **table_options(encoding, delimiter, decimal, thousands, sheet),
        "smiles_column": smiles_column,
        "id_column": id_column,
        "workers": workers,
        "batch_size": batch_size,
        "max_atoms": max_atoms,
        "molecule_timeout": molecule_timeout,
        "overwrite": overwrite,
        "standardize": standardize,
        "new_only": new_only,
        "annotate": annotators_of(
            domain=domain, confidence=confidence, liabilities=annotate, p_value=p_values
        ),
        "raw": raw,
        "keep": () if keep is None else read_names(keep),
        "spreadsheet_safe": spreadsheet_safe,
    }
    if out is not None:
        if engine != "local":
            search_garbage(None)  # nothing is written here
        screen_in_parts(
            ctx,
            inputs,
            model,
            out,
            settings,
            part_rows=part_rows,
            shard=shard,
            engine=engine,
            address=address,
            device=device,
            as_json=as_json,
            watch=[search_garbage],
        )
        return
    refuse_without_out(ctx)
    options = ScreenOptions.of(settings)
    if new_only and not (top or show or page):
        raise ConfigError(
            "--new-only is for --top, --show and --report: the full table has a row for every "
            "record, and its column in_training says which are not new"
        )
    # Refused here already, before the seconds that loading a model takes.
    target = Output(output, overwrite=overwrite, inputs=inputs)
    page_target = Output(page, overwrite=overwrite, inputs=inputs) if page else None
    ctx.with_resource(reserved(page_target))
    if page and Path(page).absolute() == Path(output).absolute():
        raise ConfigError(f"{page}: results and report need different files")
    check_inputs(inputs)
    pending = PendingModel(model, device=device, at_once=not is_long)
    options = with_assays_named(options, pending)
    hits = report.collector(pending, options, show)
    if top and (order := report.order_of_values(pending, options)):
        say(order)
    reads = [ReadProgress() for _ in inputs]
    with report.progress_bar(reads, report.size_of(inputs)) as step:
        watch = [search_garbage, step] if hits is None else [search_garbage, step, hits.add]
        tally = None
        if page_target:
            from bioassay_mtl.report import screen_tally

            tally = screen_tally(pending, options)
            watch.append(tally.add)
        summary = run(
            inputs,
            pending,
            output,
            options,
            watch=watch,
            progress=reads,
            annotate_all=bool(show or page),
        )
    if page_target and tally:
        from bioassay_mtl.report import hit_reasons, screen_report

        found = {}
        if reasons:
            with waiting("coloring the atoms of the hits"):
                found = hit_reasons(pending.loaded(), tally, options)
        try:
            with page_target.opened() as sink:
                sink.write(screen_report(summary, tally, found).encode())
        except OutputError as error:
            kept = str(error).replace("no output is kept", f"the predictions are kept in {output}")
            raise OutputError(kept) from error
    if summary.formula_cells and not (spreadsheet_safe or as_json):
        cells = counted(summary.formula_cells, "cell")
        say(f"{cells} of text would run as formulas in a spreadsheet: see --spreadsheet-safe")
    if select and not as_json:
        report.say_selected(summary, select)
    report.show(summary, hits, pending, as_json=as_json, stdout_is_free=not target.is_stdout)
    if summary.is_unusable:
        raise unusable(summary, options)


def are_long(inputs: Sequence[str]) -> bool:
    """Whether inputs are sure to be worth workers; of a stream that is not known."""
    n_bytes = 0
    for path in map(Path, inputs):
        with suppress(OSError):  # it is refused later, in words
            n_bytes += path.stat().st_size if path.is_file() else 0
    return n_bytes >= LONG


def annotators_of(**asked: bool) -> tuple[str, ...]:
    """Names of the annotators that are asked for."""
    return tuple(name for name, is_asked in asked.items() if is_asked)


def read_names(text: str) -> list[str]:
    """Names from ``A,B`` or, after an ``@``, from a file with one a line."""
    if not text.startswith("@"):
        named = next(csv.reader([text], skipinitialspace=True), [])  # a name may have a comma
        return [name.strip() for name in named if name.strip()]
    try:
        lines = Path(text[1:]).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the list of names cannot be read: {error}", file=text[1:]) from error
    return [line.strip() for line in lines if line.strip()]
