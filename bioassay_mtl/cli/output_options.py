"""Options of every verb that writes results."""

from __future__ import annotations

from typing import Annotated

import typer

from bioassay_mtl.errors import ConfigError

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


def check_folder(out: str, instead: str = "choose another name") -> None:
    """Raise a ConfigError where a folder is to be called as standard output is."""
    if out == "-":
        raise ConfigError(f"--out -: a folder is written, and - is standard output ({instead})")
