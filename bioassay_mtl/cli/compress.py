"""``bioassay-mtl compress``: a model of a few kilobytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bioassay_mtl.cli.output_options import check_folder
from bioassay_mtl.cli.terminal import say

if TYPE_CHECKING:
    from bioassay_mtl.nn.coding import Code


def compress(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="Model folder of the kind low_dimensional.")
    ],
    out: Annotated[str, typer.Option(metavar="FOLDER", help="Model folder to make.")],
    panel: Annotated[
        str | None,
        typer.Option(
            metavar="TABLE",
            help="Panel that the model was trained on: it goes on learning with rounded numbers.",
        ),
    ] = None,
    levels: Annotated[
        int, typer.Option(min=1, max=256, metavar="N", help="Levels of the codebooks.")
    ] = 12,
    epochs: Annotated[
        int, typer.Option(min=0, metavar="N", help="Epochs of learning with rounded numbers.")
    ] = 10,
    searched: Annotated[
        int,
        typer.Option(
            min=1,
            metavar="N",
            help="Settings that were tried, which `certify` pays for.",
        ),
    ] = 1,
) -> None:
    """Write a model as seeds and a code: the folder predicts to the bit as the coded model does.

    Example:  bioassay-mtl compress runs/low --panel panel.csv --out runs/small
    """
    from pathlib import Path

    from bioassay_mtl.models.coded import code_of
    from bioassay_mtl.models.model import Model
    from bioassay_mtl.panels.read import read_panel
    from bioassay_mtl.screening.cores import available_cores
    from bioassay_mtl.training.compression import compress as compressed
    from bioassay_mtl.training.scratch import check_out

    check_folder(out)
    check_out(Path(out))
    found = compressed(
        Model.load(model),
        {"levels": levels, "epochs": epochs},
        panel=None if panel is None else read_panel(panel),
        out=out,
        n_searched=searched,
        workers=available_cores(),
    )
    code = code_of(found.network)
    assert code is not None
    say(f"{out}: {size_of(code)}")


def size_of(code: Code) -> str:
    """Size of a code, in a line."""
    return (
        f"{code.n_numbers:,} numbers in {-(-code.bits // 8):,} bytes, "
        f"{code.bits / code.n_numbers:.2f} bits a number"
    )
