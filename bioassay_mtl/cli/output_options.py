"""Options of every verb that writes results."""

from __future__ import annotations

from typing import Annotated

import typer

Long = Annotated[bool, typer.Option("--long", help="One row for each molecule and assay.")]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="csv|tsv|jsonl|parquet|sdf|xlsx",
        help="Output format, if not by FILE's name.",
    ),
]
SpreadsheetSafe = Annotated[
    bool,
    typer.Option(
        "--spreadsheet-safe",
        help="Put ' before text that a spreadsheet would run (=, +, -, @), in CSV and TSV.",
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace FILE if it exists.")]
AsJson = Annotated[
    bool, typer.Option("--json", help="Summary as JSON, on stdout (without -o: on stderr).")
]
