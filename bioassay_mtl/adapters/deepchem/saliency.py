"""Derivatives of predictions with respect to what a model reads of a molecule."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bioassay_mtl.adapters.arrays import DataError
from bioassay_mtl.chem.features import Features, SparseCounts
from bioassay_mtl.models.calibration_file import calibrated
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.scaling import N_QUANTILES, FeatureScaler, scaled


def jacobians(model: Model, features: Features) -> dict[str, NDArray[np.float32]]:
    """``(columns, F)`` by input: derivatives of all predicted columns of one molecule.

    Derivatives are by bits, by counts, and by real values in their own units (of which a network
    reads the rank among the training rows: piecewise linear).

    Parameters
    ----------
    model
        A model.
    features
        Features of one molecule.

    Raises
    ------
    DataError
        The molecule cannot be used, or the model reads graphs.
    """
    if not features.ok.all():
        raise DataError("the molecule cannot be used: no derivatives")
    if not all(block.is_table for block in features.blocks.values()):
        raise DataError("the model reads graphs, of which there are no derivatives")
    blocks: dict[str, Any] = {**scaled(features.blocks, model.scalings)}
    inputs = {
        name: torch.from_numpy(block.dense().copy()).to(model.device).requires_grad_()
        for name, block in blocks.items()
    }
    with torch.enable_grad():
        outputs = calibrated(
            model.network(inputs).float(), model.calibration, model.network.outputs
        )
        predicted = model.network.outputs.predict(outputs)[0]
        rows = [torch.autograd.grad(p, [*inputs.values()], retain_graph=True) for p in predicted]
    units = _units(model)
    return {
        name: (np.stack([row[number][0].cpu().numpy() for row in rows]) * units)
        * _slopes(model, name, features.blocks[name])
        for number, name in enumerate(inputs)
    }


def _units(model: Model) -> NDArray[np.float32]:
    """``(columns, 1)``: what a standard unit of each column is."""
    if model.target_scaler is None:
        return np.ones((1, 1), dtype=np.float32)
    widths = [len(kind.columns("")) for kind in model.kinds]
    return np.repeat(model.target_scaler.scale, widths).astype(np.float32)[:, None]


def _slopes(model: Model, name: str, block: Any) -> NDArray[np.float32]:
    """``(F,)``: derivatives of what the network reads by what is given."""
    if block.is_real:
        return slopes(model.scalings[name], block.values[0])
    found = np.ones(block.n_features, dtype=np.float32)
    if isinstance(block, SparseCounts) and block.scale == "log2":
        counts = np.zeros(block.n_features, dtype=np.float32)
        counts[block.indices] = block.counts
        found = (1 / ((1 + counts) * np.log(2))).astype(np.float32)
    return found


def slopes(scaling: FeatureScaler, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """``(F,)`` derivatives of the scaled columns at values ``(F,)``.

    At a quantile, the mean of both sides; 0 beyond the outermost, of missing values, and across a
    jump.
    """
    found = np.zeros(len(values))
    for column, (quantiles, value) in enumerate(zip(scaling.quantiles, values, strict=True)):
        sides = [np.searchsorted(quantiles, value, side) for side in ("left", "right")]
        found[column] = np.mean([_slope(quantiles.astype(np.float64), end) for end in sides])
    scaled_by: NDArray[np.float32] = (np.sqrt(12) * found).astype(np.float32)
    return scaled_by


def _slope(quantiles: NDArray[np.float64], end: Any) -> float:
    """Slope of the ranks between two quantiles."""
    if not 0 < end < N_QUANTILES or not quantiles[end] > quantiles[end - 1]:
        return 0.0
    return float(1 / (N_QUANTILES - 1) / (quantiles[end] - quantiles[end - 1]))
