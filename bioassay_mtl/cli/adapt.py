"""``bioassay-mtl adapt``: new assays from few molecules."""

from __future__ import annotations

from typing import Annotated

import typer

from bioassay_mtl.cli.output_options import check_folder
from bioassay_mtl.cli.terminal import say


def adapt(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="Model folder of the kind low_dimensional.")
    ],
    panel: Annotated[
        str, typer.Argument(metavar="PANEL", help="Table of the new assays, active or not.")
    ],
    out: Annotated[str, typer.Option(metavar="FOLDER", help="Model folder to make.")],
    test_share: Annotated[
        float,
        typer.Option(metavar="SHARE", help="Share of the molecules, left out and reported on."),
    ] = 0.0,
    prior: Annotated[
        float,
        typer.Option(
            metavar="WEIGHT", help="Above 1, few molecules are believed less than known assays."
        ),
    ] = 1.0,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of the molecules left out.")] = 0,
) -> None:
    """Learn new assays from 20 molecules on: only the coordinates of each on known directions.

    Example:  bioassay-mtl adapt runs/low new.csv --out runs/new
    """
    from pathlib import Path

    from bioassay_mtl.cli.outcome import found_on
    from bioassay_mtl.errors import counted
    from bioassay_mtl.models.model import Model
    from bioassay_mtl.panels.read import read_panel
    from bioassay_mtl.report.evidence import held_out
    from bioassay_mtl.screening.cores import available_cores
    from bioassay_mtl.splits import split
    from bioassay_mtl.training.adaptation import AdaptationConfig
    from bioassay_mtl.training.adaptation import adapt as adapted
    from bioassay_mtl.training.scratch import check_out

    check_folder(out)
    check_out(Path(out))
    settings = AdaptationConfig.of({"test_share": test_share, "prior": prior, "seed": seed})
    table, workers = read_panel(panel), available_cores()
    parts = split(table, settings.split)
    found = adapted(Model.load(model), table, settings, parts=parts, out=out, workers=workers)
    n_rows = found.training["rows"]["train"]
    k = found.network.state_dict()["tower.coordinates"].shape[1]
    say(
        f"{out}: {counted(len(found.tasks), 'assay')} of {k + 1} numbers each, learned from "
        f"{counted(n_rows, 'molecule')}"
    )
    if found.training["rows"]["test"]:
        for line in found_on(held_out(found, table, parts, workers=workers)):
            say(line)
