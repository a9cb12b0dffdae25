"""``bioassay-mtl certify``: what can be promised of a model's errors."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer


def certify(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A compressed model folder.")],
    panel: Annotated[
        str, typer.Argument(metavar="PANEL", help="Table that the model was trained on.")
    ],
    delta: Annotated[
        float, typer.Option(metavar="P", help="Chance that one of the bounds is wrong.")
    ] = 0.05,
    searched: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Number of settings that were tried, if more than counted."
        ),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep it in the model folder, for its report.")
    ] = False,
    report: Annotated[
        str | None, typer.Option(metavar="FILE", help="Page with the same, HTML.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Bound a model's errors on molecules that it has not seen, without a test set.

    It holds for molecules drawn as those of the panel: the split must be random, no molecule may be
    in two rows, and the model must be coded (`compress`).

    Example:  bioassay-mtl certify runs/small panel.csv
    """
    from pathlib import Path

    from bioassay_mtl.files import write_whole
    from bioassay_mtl.models.certificate_file import NAME
    from bioassay_mtl.models.folder import amend_folder
    from bioassay_mtl.models.model import Model
    from bioassay_mtl.models.shipped import find_model
    from bioassay_mtl.panels.read import read_panel
    from bioassay_mtl.report.certificate import certificate_report, said
    from bioassay_mtl.screening.cores import available_cores
    from bioassay_mtl.training.certificate import certify as certified

    loaded = Model.load(model)
    found = certified(
        loaded, read_panel(panel), delta=delta, n_searched=searched, workers=available_cores()
    )
    if keep:
        amend_folder(find_model(model), {NAME: found})
    if report is not None:
        write_whole(Path(report), certificate_report(loaded.name, found))
    if as_json:
        typer.echo(json.dumps(asdict(found)))
        return
    typer.echo(found.promise)
    for each in found.statements:
        rates = said(each.rates.bound, each.rates.seen, each.held_out)
        typer.echo(f"{each.name}: {rates}\n  {each.meaning}")
    typer.echo(found.price)
