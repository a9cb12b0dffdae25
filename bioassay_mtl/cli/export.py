"""``bioassay-mtl export``: a model as a file of another runtime."""

from __future__ import annotations

from typing import Annotated

import typer

from bioassay_mtl.cli.output_options import Overwrite
from bioassay_mtl.cli.terminal import say


def export(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="Shipped model, or a model folder.")
    ],
    out: Annotated[str, typer.Option(metavar="FILE", help="File to write; - is stdout.")],
    file_format: Annotated[
        str, typer.Option("--format", metavar="onnx|torch", help="Format of the file.")
    ] = "onnx",
    overwrite: Overwrite = False,
) -> None:
    """Write a model for ONNX Runtime, or for PyTorch without this package.

    The file reads fingerprints and descriptors, as its metadata describe, and gives the
    probabilities and values that the model predicts; both are compared before it is written.
    A model that reads graphs is refused.

    Example:  bioassay-mtl export pcba128 --format onnx --out pcba128.onnx
    """
    from bioassay_mtl.errors import counted
    from bioassay_mtl.models.export import export as exported
    from bioassay_mtl.models.export import exporters
    from bioassay_mtl.models.model import Model
    from bioassay_mtl.screening.output import Output

    exporters.known(file_format)
    target = Output(out, overwrite=overwrite, inputs=[])
    loaded = Model.load(model)
    made = exported(loaded, file_format)
    with target.opened() as sink:
        sink.write(made.data)
    for each in made.inputs:
        say(f"input {each.name}: (n, {each.n_columns}) {each.dtype}, {each.meaning}")
    say(
        f"output: {counted(len(loaded.columns), 'column')}, within {made.difference:.1g} of the "
        f"model on {counted(made.n_checked, 'molecule')} -> {out}",
    )
