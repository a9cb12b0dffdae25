"""``bioassay-mtl info``: what a model is, what it reads, and how well it was measured to do."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from bioassay_mtl.cli.names import DEFAULT_MODEL
from bioassay_mtl.cli.terminal import say


def info(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL", help="Shipped model, a model folder, or one of several models."
        ),
    ] = DEFAULT_MODEL,
    assays: Annotated[
        bool, typer.Option("--assays", help="Every assay: outcomes, scores, known facts.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Everything, as one JSON object.")
    ] = False,
) -> None:
    """Describe a model: assays, inputs, experts, metrics, versions.

    Assays are listed one by one where there are at most 20, or with --assays.

    Example:  bioassay-mtl info pcba128
    """
    from bioassay_mtl.cli.together_facts import faults_of, read_together, show_together

    if (together := read_together(model)) is not None:
        if as_json:
            typer.echo(json.dumps(together))
        else:
            show_together(together)
        for fault in faults_of(model, together):
            say(fault)
        return
    from bioassay_mtl.cli.model_facts import model_facts
    from bioassay_mtl.models.model import Model

    facts = model_facts(Model.load(model))
    if as_json:
        typer.echo(json.dumps(facts))
        return
    from bioassay_mtl.cli.info_report import show

    show(facts, all_assays=assays)
