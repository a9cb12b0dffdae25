"""``bioassay-mtl panel``: what a panel file says, before a model learns from it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, BinaryIO, TextIO

import typer

from bioassay_mtl.cli.panel_schema import (
    Columns,
    Merge,
    MinRows,
    Missing,
    Standardize,
    Tasks,
    ToP,
    kinds_line,
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
from bioassay_mtl.errors import ConfigError, counted

app = typer.Typer(no_args_is_help=True, help="Check and clean panel files.")


@app.callback()
def _verbs() -> None:
    """Keeps ``check`` a verb of its own, though it is the only one."""


@app.command("check")
def check(
    ctx: typer.Context,
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help=f"Table ({FORMATS}); several PubChem data tables become one.",
        ),
    ],
    out: Annotated[
        str | None, typer.Option(metavar="CSV", help="Write the cleaned panel, and its schema.")
    ] = None,
    log: Annotated[
        str | None,
        typer.Option(metavar="CSV", help="Write each row that changes or goes; - is stdout."),
    ] = None,
    task: Tasks = None,
    column: Columns = None,
    smiles_column: SmilesColumn = None,
    id_column: IdColumn = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    decimal: Decimal = None,
    thousands: Thousands = False,
    sheet: Sheet = None,
    min_rows: MinRows = None,
    to_p: ToP = False,
    missing: Missing = None,
    merge: Merge = False,
    standardize: Standardize = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that exist.")
    ] = False,
) -> None:
    """Say what would become of each row of a panel file, and write a cleaned one.

    Cells that cannot be read and molecules that cannot be parsed are left out of it; nothing else
    is. `train` reads the cleaned panel as it is.

    Example:  bioassay-mtl panel check ic50s.csv --to-p --out clean.csv --log changes.csv
    """
    from bioassay_mtl.cli.console import PlainConsole
    from bioassay_mtl.cli.panel_report import show
    from bioassay_mtl.panels.clean import schema_text, with_id_column, write_log, write_table
    from bioassay_mtl.panels.load import load_panel
    from bioassay_mtl.panels.schema import stem
    from bioassay_mtl.screening.output import Output, opened, reserved
    from bioassay_mtl.tables.formulas import FormulaGuard

    schema = schema_of(
        files[0],
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
    if out == "-":
        raise ConfigError("--out needs a file, as its schema goes beside it")
    if out and not out.lower().removesuffix(".gz").endswith(".csv"):
        raise ConfigError(f"--out writes CSV, found {out} (call it .csv)")
    table = Output(out, overwrite=overwrite, inputs=files) if out else None
    beside = table and Output(
        table.path.with_name(f"{stem(table.path)}.schema.yaml"), overwrite=overwrite
    )
    changes = Output(log, overwrite=overwrite, inputs=files) if log else None
    ctx.with_resource(reserved(table, beside, changes))
    with waiting(f"reading {counted(len(files), 'file')}"):
        loaded = load_panel(files, schema, clean=True)
    guard = FormulaGuard()
    with opened(table, beside, changes) as (to_table, to_schema, to_log):
        if to_table and to_schema:
            panel, smiles, identity = with_id_column(loaded.panel)
            with _text(to_table) as text:
                write_table(panel, smiles, text, guard)
            to_schema.write(schema_text(panel, smiles, identity).encode())
        if to_log:
            with _text(to_log) as text:
                write_log(loaded.log, text)
    if guard.found:
        cells = counted(guard.found, "cell")
        say(f"{cells} of {out} would run as formulas in a spreadsheet: they are as they were")
    console = PlainConsole(stderr=bool(changes and changes.is_stdout))
    n_rows = counted(loaded.n_rows, "row")
    console.print(f"{loaded.layout} table, {n_rows}: {kinds_line(loaded.panel)}")
    show(loaded, console)


@contextmanager
def _text(sink: BinaryIO) -> Iterator[TextIO]:
    """Text to a stream of bytes, which stays open."""
    text = io.TextIOWrapper(sink, encoding="utf-8", newline="", write_through=True)
    yield text
    text.detach()
