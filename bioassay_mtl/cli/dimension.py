"""``bioassay-mtl dimension``: how many numbers explain a panel."""

from __future__ import annotations

from typing import Annotated

import typer

from bioassay_mtl.cli.output_options import check_folder
from bioassay_mtl.cli.terminal import say


def dimension(
    panel: Annotated[
        str, typer.Argument(metavar="PANEL", help="Table of molecules and binary assays.")
    ],
    out: Annotated[
        str,
        typer.Option(metavar="FOLDER", help="Folder of the scores; the same command goes on."),
    ],
    target: Annotated[
        float,
        typer.Option(metavar="SHARE", help="Share of the free networks' score above chance."),
    ] = 0.9,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="One setting, as epochs=30 or seeds=3."),
    ] = None,
    sizes: Annotated[
        str | None, typer.Option(metavar="N,N", help="Random groups of so many assays, too.")
    ] = None,
    group: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=ASSAY,ASSAY", help="A group of assays, beside a random one."),
    ] = None,
) -> None:
    """Find how many numbers an assay needs, alone and together with the others.

    FOLDER/report.html has the curves, FOLDER/dimension.json the numbers.

    Example:  bioassay-mtl dimension panel.csv --out runs/dimension
    """
    import json
    from dataclasses import asdict
    from pathlib import Path

    import yaml

    from bioassay_mtl.errors import ConfigError
    from bioassay_mtl.files import write_whole
    from bioassay_mtl.panels.read import read_panel
    from bioassay_mtl.report.dimension import dimension_report
    from bioassay_mtl.screening.cores import available_cores
    from bioassay_mtl.training.dimension import intrinsic_dimension

    check_folder(out)

    def two(text: str) -> tuple[str, str]:
        name, is_there, value = text.partition("=")
        if not is_there:
            raise ConfigError(f"NAME=VALUE is expected, found {text!r}")
        return name, value

    values = {name: yaml.safe_load(value) for name, value in map(two, settings or ())}
    named = {name: value.split(",") for name, value in map(two, group or ())}
    try:
        counts = [int(each) for each in (sizes or "").split(",") if each]
    except ValueError:
        raise ConfigError(f"--sizes: numbers such as 4,16 are expected, found {sizes!r}") from None
    found = intrinsic_dimension(
        read_panel(panel),
        {"target": target, **values},
        groups=named,
        sizes=counts,
        out=out,
        workers=available_cores(),
        told=lambda each: say(each.words),
    )
    folder = Path(out)
    write_whole(folder / "dimension.json", json.dumps(asdict(found), indent=1) + "\n")
    write_whole(folder / "report.html", dimension_report(found))
    say(f"read {folder / 'report.html'}")
