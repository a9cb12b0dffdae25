"""A model as one module: from fingerprints and descriptors as RDKit makes them to predictions."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bioassay_mtl.chem.features import Features
from bioassay_mtl.models.scaling import N_QUANTILES, FeatureScaler
from bioassay_mtl.nn.inputs import check_dense

if TYPE_CHECKING:
    from bioassay_mtl.models.content import ModelContent

STEPS = N_QUANTILES - 1


@dataclass(frozen=True)
class RawInput:
    """Raw input that an exported file reads under one name.

    Parameters
    ----------
    name
        Name of the input.
    kind
        ``bits``, ``counts`` or ``values``.
    n_columns
        Width F of the input: the file reads ``(n, F)`` for any n.
    """

    name: str
    kind: str
    n_columns: int

    @property
    def dtype(self) -> str:
        """Type of its numbers."""
        return "float32" if self.kind == "values" else "uint8"

    @property
    def meaning(self) -> str:
        """Meaning of its numbers, for people."""
        return {
            "bits": "1 where the bit is set, else 0",
            "counts": "the count, at most 255",
            "values": "the value in its own unit, NaN where it is missing",
        }[self.kind]


def raw_inputs(model: ModelContent) -> tuple[RawInput, ...]:
    """Raw inputs of a file made of a model.

    Raises
    ------
    ConfigError
        An input is a graph.
    """
    check_dense(model.featurizer.input_sizes)
    blocks = model.featurizer.examples().blocks
    return tuple(
        RawInput(name, blocks[name].kind, size)
        for name, size in model.featurizer.n_features.items()
    )


def feed(features: Features) -> dict[str, NDArray[Any]]:
    """Values that an exported file reads of n molecules, ``(n, F)`` by input."""
    return {name: block.raw() for name, block in features.blocks.items()}


class ExportedModel(nn.Module):
    """``(n, F)`` of each :class:`RawInput` to ``(n, columns)``: all that `Model.predict` does.

    Parameters
    ----------
    model
        Model whose network is copied.
    """

    center: Tensor
    scale: Tensor
    slope: Tensor
    offset: Tensor
    least: Tensor
    most: Tensor

    def __init__(self, model: ModelContent) -> None:
        super().__init__()
        self.names = [each.name for each in raw_inputs(model)]
        self.readers = nn.ModuleList(_reader(model, name) for name in self.names)
        self.network = copy.deepcopy(model.network).to("cpu").eval()
        self.outputs = self.network.outputs
        _ = self.outputs.groups  # found before a trace, which cannot ask what numbers are
        self.is_calibrated = model.calibration is not None
        if model.calibration is not None:
            numbers = model.calibration.numbers.astype(np.float32)[self.outputs.owner.numpy()]
            self.register_buffer("slope", torch.from_numpy(numbers[:, 0].copy()))
            self.register_buffer("offset", torch.from_numpy(numbers[:, 1].copy()))
        self.is_limited = model.limits is not None
        if model.limits is not None:
            for name, ends in zip(
                ("least", "most"), model.limits.columns(model.kinds), strict=True
            ):
                self.register_buffer(name, torch.from_numpy(ends))
        self.is_standard = model.target_scaler is not None
        if model.target_scaler is not None:
            widths = [len(kind.columns("")) for kind in model.kinds]
            for name in ("center", "scale"):
                values = np.repeat(getattr(model.target_scaler, name), widths)
                self.register_buffer(name, torch.from_numpy(values))

    def forward(self, *raw: Tensor) -> Tensor:
        """Predictions ``(n, columns) float32``."""
        read = zip(self.names, self.readers, raw, strict=True)
        outputs = self.network({name: reader(x) for name, reader, x in read}).float()
        if self.is_calibrated:
            outputs = outputs * self.slope + self.offset
        found: Tensor = self.outputs.predict(outputs)
        if self.is_standard:
            found = (found * self.scale + self.center).float()
        if self.is_limited:
            found = found.clamp(self.least, self.most)
        return found


def _reader(model: ModelContent, name: str) -> nn.Module:
    """Map from the raw numbers of an input to what the network reads."""
    if name in model.scalings:
        return Ranks(model.scalings[name])
    settings: Any = model.featurizer.fingerprints[name]
    return Counts() if settings.counts and settings.scale == "log2" else Plain()


class Plain(nn.Module):
    """The numbers themselves."""

    def forward(self, x: Tensor) -> Tensor:
        """``(n, F) uint8`` to float32."""
        return x.float()


class Counts(nn.Module):
    """``log2(1 + count)``."""

    def forward(self, x: Tensor) -> Tensor:
        """``(n, F) uint8`` to float32."""
        return torch.log1p(x.float()) / math.log(2)


class Ranks(nn.Module):
    """:class:`FeatureScaler` by comparisons with all quantiles, in double precision."""

    quantiles: Tensor
    first: Tensor
    varies: Tensor

    def __init__(self, scaling: FeatureScaler) -> None:
        super().__init__()
        quantiles = scaling.quantiles.astype(np.float64)
        varies = quantiles[:, 0] < quantiles[:, -1]
        self.register_buffer("quantiles", torch.from_numpy(np.nan_to_num(quantiles)))
        self.register_buffer("varies", torch.from_numpy(varies))
        self.register_buffer("first", torch.arange(len(quantiles)) * N_QUANTILES)

    def forward(self, x: Tensor) -> Tensor:
        """``(n, F) float32`` to the same."""
        is_known = ~x.isnan() & self.varies
        values = torch.where(is_known, x, 0.0).double()
        reached = (values[..., None] >= self.quantiles).sum(-1)
        passed = (values[..., None] > self.quantiles).sum(-1)
        ranks = (self._between(values, reached) + self._between(values, passed)) / (2 * STEPS)
        ranks = torch.where(is_known, ranks, 0.5)
        return (math.sqrt(12) * (ranks - 0.5)).float()

    def _between(self, values: Tensor, n_below: Tensor) -> Tensor:
        """Linear between the last quantile below and the next, from 0 to :data:`STEPS`."""
        place = (n_below - 1).clamp(0, STEPS - 1)
        low, high = (self.quantiles.flatten()[self.first + place + step] for step in (0, 1))
        share = (values - low) / torch.where(high > low, high - low, 1.0)
        inside = place + share.clamp(0.0, 1.0)
        return torch.where(n_below == 0, 0.0, torch.where(n_below == N_QUANTILES, STEPS, inside))
