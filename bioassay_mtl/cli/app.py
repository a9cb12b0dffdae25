"""The command ``bioassay-mtl``: one verb a file.

Nothing heavy is imported here: each verb imports what it needs when it runs, so that help answers
at once.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from bioassay_mtl._version import __version__
from bioassay_mtl.cli import (
    adapt,
    certify,
    compress,
    dimension,
    evaluate,
    explain,
    export,
    info,
    merge,
    models,
    pick,
    plugins,
    screen,
    serve,
    train,
)
from bioassay_mtl.cli.assays import app as assays
from bioassay_mtl.cli.datasets import app as datasets
from bioassay_mtl.cli.faults import interrupt_once, leave, reported_faults
from bioassay_mtl.cli.panel import app as panel
from bioassay_mtl.cli.terminal import SpokenLog, mend_streams
from bioassay_mtl.cli.threads import let_threads_rest
from bioassay_mtl.cli.wording import option
from bioassay_mtl.renamed import FORMER_SPELLING
from bioassay_mtl.wording import worded


class FaultReportingGroup(TyperGroup):
    """Runs a verb and words what went wrong."""

    def invoke(self, ctx: Any) -> Any:
        with worded(option), reported_faults(debug=ctx.params["debug"]):
            result = super().invoke(ctx)
            sys.stdout.flush()  # while a full disk can still be told
            return result


app = typer.Typer(
    cls=FaultReportingGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # boxes and colors cost help a third of its time
    context_settings={
        "help_option_names": ["-h", "--help"],
        "token_normalize_func": lambda name: FORMER_SPELLING.get(name, name),
    },
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"bioassay-mtl {__version__}")
        raise typer.Exit


@app.callback()
def common(
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error."),
    version: bool = typer.Option(
        False, "--version", help="Print the version.", callback=_show_version, is_eager=True
    ),
) -> None:
    """Predict how molecules behave in many biological assays at once."""


app.command()(screen.screen)
app.command()(merge.merge)
app.command()(pick.pick)
app.command()(train.train)
app.command()(adapt.adapt)
app.command()(certify.certify)
app.command()(compress.compress)
app.command()(dimension.dimension)
app.command()(evaluate.evaluate)
app.command()(explain.explain)
app.command()(export.export)
app.command()(info.info)
app.command()(models.models)
app.command()(plugins.plugins)
app.command()(serve.serve)
app.add_typer(assays, name="assays")
app.add_typer(datasets, name="datasets")
app.add_typer(panel, name="panel")


def main() -> None:
    """Entry point of the console script."""
    mend_streams()
    interrupt_once()
    let_threads_rest()
    logging.getLogger("bioassay_mtl").addHandler(SpokenLog())
    try:
        app(prog_name="bioassay-mtl")
    except SystemExit as stop:
        if stop.code is None or isinstance(stop.code, int):
            leave(stop.code or 0)
        raise


if __name__ == "__main__":
    main()
