"""``bioassay-mtl merge``: the parts of a screen joined."""

from __future__ import annotations

from typing import Annotated

import typer

from bioassay_mtl.cli.output_options import AsJson, Format, Long, Overwrite, SpreadsheetSafe
from bioassay_mtl.cli.terminal import say
from bioassay_mtl.errors import ConfigError, counted


def merge(
    folder: Annotated[
        str, typer.Argument(metavar="FOLDER", help="Folder that screen --out wrote.")
    ],
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="File to write; - is stdout.")
    ] = "-",
    top: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="K",
            help="Write the K molecules of each assay with the highest probability, or the best "
            "value.",
        ),
    ] = None,
    select: Annotated[
        float | None,
        typer.Option(
            min=0.001,
            max=0.999,
            metavar="RATE",
            help="Write molecules selected for each assay; of them this share may be inactive "
            "(needs screen --p-values).",
        ),
    ] = None,
    long: Long = False,
    new_only: Annotated[
        bool,
        typer.Option("--new-only", help="Leave what the model was trained on out of --top."),
    ] = False,
    partial: Annotated[
        bool,
        typer.Option(
            "--partial",
            help="Join what is there where parts are missing; FILE is then NAME.partial.SUFFIX.",
        ),
    ] = False,
    file_format: Format = None,
    spreadsheet_safe: SpreadsheetSafe = False,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Join the parts that screen --out wrote: all rows, or the best of each assay.

    Writes what one screen of all inputs would have written, in constant memory. A folder that is
    not complete is refused, unless --partial is given.

    Example:  bioassay-mtl merge screened/ --top 1000 -o best.csv
    """
    from bioassay_mtl.cli import screen_report as report
    from bioassay_mtl.screening.output import Output
    from bioassay_mtl.screening.parts import MergeOptions
    from bioassay_mtl.screening.parts import merge as run

    if new_only and not top:
        raise ConfigError("--new-only is for --top: in the full table in_training says it")
    options = MergeOptions.of(
        {
            "top": top,
            "select": select,
            "long": long,
            "new_only": new_only,
            "format": file_format,
            "overwrite": overwrite,
            "spreadsheet_safe": spreadsheet_safe,
            "partial": partial,
        }
    )
    to_stdout = Output(output, overwrite=True).is_stdout
    summary = run(folder, output, options)
    if not summary.is_complete:
        missing = counted(summary.parts - summary.finished, "part")
        say(f"{summary.output} is partial: {missing} of {summary.parts:,} missing")
    if select and not as_json:
        report.say_selected(summary, select)
    report.show_summary(summary, as_json=as_json, stdout_is_free=not to_stdout)
