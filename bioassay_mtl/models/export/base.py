"""The contract of exports: the bytes of a file, compared with the model before anybody has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from bioassay_mtl.chem.descriptors import DenseBlock
from bioassay_mtl.chem.features import Features, PackedBits, SparseCounts
from bioassay_mtl.errors import ExportError
from bioassay_mtl.models.export.exported import ExportedModel, RawInput, feed, raw_inputs
from bioassay_mtl.registry import Registry

if TYPE_CHECKING:
    from bioassay_mtl.models.computing import Computing

TOLERANCE = 1e-5
"""Largest difference of a probability; of values, in standard deviations of the task, or relative
to the value where that is more."""

Feed = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Export:
    """A model in another format.

    Parameters
    ----------
    data
        Bytes of the file.
    inputs
        Inputs of the file.
    n_checked
        Molecules on which it was compared with the model.
    difference
        Largest difference found, as :data:`TOLERANCE` measures it.
    """

    data: bytes
    inputs: tuple[RawInput, ...]
    n_checked: int
    difference: float


class Exporter(Protocol):
    """One format."""

    def __call__(self, model: Computing) -> Export: ...


exporters: Registry[Exporter] = Registry(
    "export format",
    homes={
        "onnx": "bioassay_mtl.models.export.onnx_file",
        "torch": "bioassay_mtl.models.export.torch_file",
    },
)


def export(model: Computing, file_format: str = "onnx") -> Export:
    """A model in the format of another runtime.

    Raises
    ------
    ConfigError
        The format is unknown, or the model reads graphs.
    ExportError
        The network cannot be written so, or what was written predicts something else.
    MissingExtraError
        A package is not installed.
    """
    exporter = exporters[file_format]
    if any(hasattr(module, "n_learned") for module in model.network.modules()):
        raise ExportError(
            f"trees cannot be written as {file_format}: the model folder is the way to keep them "
            "(a model that was trained with the setting effort=quick has none)"
        )
    return exporter(model)


def traced(model: Computing) -> torch.export.ExportedProgram:
    """The whole model as PyTorch's own graph, for any number n of molecules."""
    names = [each.name for each in raw_inputs(model)]
    arrays = feed(examples(model).take(np.arange(4)))  # n is no special number, as 0 and 1 are
    rows = torch.export.Dim("n")
    program = torch.export.export(
        ExportedModel(model),
        tuple(torch.from_numpy(arrays[name]) for name in names),
        dynamic_shapes=(tuple({0: rows} for _ in names),),
        strict=False,
    )
    return program


def checked(model: Computing, data: bytes, run: Callable[[Feed], NDArray[np.float32]]) -> Export:
    """The export, if it predicts what the model does, for one molecule and for many.

    Parameters
    ----------
    model
        Model that it was made of.
    data
        Content of the file.
    run
        Map from what the file reads to what it predicts, ``(n, columns)``.
    """
    features = examples(model)
    arrays, expected = feed(features), model.predict_features(features)
    one = run({name: rows[:1] for name, rows in arrays.items()})
    differences = [_difference(model, run(arrays), expected), _difference(model, one, expected[:1])]
    if not max(differences) <= TOLERANCE:  # a NaN is no agreement
        raise ExportError(
            f"what was written differs from the model by {max(differences):.2g} on "
            f"{len(features)} molecules (at most {TOLERANCE:g} is expected): it is thrown away"
        )
    return Export(data, raw_inputs(model), len(features), max(differences))


def _difference(
    model: Computing, found: NDArray[np.float32], expected: NDArray[np.float32]
) -> float:
    if found.shape != expected.shape:
        raise ExportError(f"what was written predicts {found.shape}, the model {expected.shape}")
    unit = np.ones(expected.shape[1])
    if model.target_scaler is not None:
        widths = [len(kind.columns("")) for kind in model.kinds]
        unit = np.repeat(model.target_scaler.scale, widths)
    apart = np.abs(found.astype(np.float64) - expected)
    return float((apart / np.maximum(unit, np.abs(expected))).max())


def examples(model: Computing) -> Features:
    """Diverse molecules; inputs that are not computed from structures are made up."""
    features = model.featurizer.examples()
    features = features.take(np.flatnonzero(features.ok))
    generator = np.random.default_rng(0)
    made_up = {
        name: _made_up(features.blocks[name], model, name, generator)
        for name, each in model.featurizer.fingerprints.items()
        if not each.is_computed
    }
    return Features(features.blocks | made_up, features.status)


def _made_up(block: Any, model: Computing, name: str, generator: np.random.Generator) -> Any:
    shape = len(block), block.n_features
    if isinstance(block, DenseBlock):
        known = np.nan_to_num(model.scalings[name].quantiles)
        values = generator.uniform(known[:, 0] - 1, known[:, -1] + 1, shape)
        values[generator.random(shape) < 0.1] = np.nan
        return DenseBlock(values.astype(np.float32))
    is_set = generator.random(shape) < 0.05
    if isinstance(block, PackedBits):
        return PackedBits(np.packbits(is_set, axis=1), block.n_features)
    row, index = np.nonzero(is_set)
    return SparseCounts(
        np.searchsorted(row, np.arange(shape[0] + 1)).astype(np.int64),
        index.astype(np.uint16),
        generator.integers(1, 256, len(row)).astype(np.uint8),
        block.n_features,
        block.scale,
    )
