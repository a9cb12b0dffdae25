"""Options of every verb that reads a table."""

from __future__ import annotations

from typing import Annotated, Any

import typer

FORMATS = ".smi .csv .tsv .txt .sdf .parquet .xlsx, also .gz .bz2 .xz .zst"

SmilesColumn = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="SMILES column of the table.")
]
IdColumn = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="Identifier column of the table.")
]
Delimiter = Annotated[
    str | None, typer.Option(metavar="CHAR|tab", help="What separates the fields of a text table.")
]
Decimal = Annotated[
    str | None, typer.Option(metavar="comma|point", help="Decimal sign of the table's numbers.")
]
Thousands = Annotated[
    bool, typer.Option("--thousands", help="Numbers have thousands separators (41,605).")
]
Sheet = Annotated[
    str | None, typer.Option(metavar="NAME", help="Sheet of a workbook; the first if not given.")
]
Encoding = Annotated[
    str | None, typer.Option(metavar="NAME", help="Encoding of the text, as utf-16 or cp1252.")
]


def table_options(
    encoding: str | None,
    delimiter: str | None,
    decimal: str | None,
    thousands: bool,
    sheet: str | None,
) -> dict[str, Any]:
    """The settings that were given, by name."""
    from bioassay_mtl.tables.options import TableOptions

    given = {
        "encoding": encoding,
        "delimiter": delimiter,
        "decimal": decimal,
        "thousands": thousands or None,
        "sheet": sheet,
    }
    found = {name: value for name, value in given.items() if value is not None}
    TableOptions.of(found)
    return found
