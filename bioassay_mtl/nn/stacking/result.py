"""Weights of experts that were fitted task by task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.errors import InputError


@dataclass(frozen=True, eq=False)
class Stacking:
    """Combination of the outputs of E experts for T tasks: ``bias_o + sum_e weights_te output_eo``.

    Parameters
    ----------
    weights
        ``(T, E) float32``, at least 0; exactly 0 where an expert is closed to a task, which always
        has an open one.
    bias
        ``(O,) float32``, on the scale of the outputs.
    owner
        ``(O,) int64``: the task of each output.
    panel_weights
        ``(E,) float32``: what a task without measurements takes.
    method
        The registered name of what fitted them.
    n_cells
        ``(T,) int64``: measured cells that an expert said something about.
    loss_of_mean, loss
        ``(T,) float64``: mean loss a cell of the plain mean of the experts that were heard, and of
        this, on the cells that it was fitted to; NaN where there are none.
    """

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    owner: NDArray[np.int64]
    panel_weights: NDArray[np.float32]
    method: str
    n_cells: NDArray[np.int64]
    loss_of_mean: NDArray[np.float64]
    loss: NDArray[np.float64]

    def __post_init__(self) -> None:
        if not (np.isfinite(self.weights).all() and np.isfinite(self.bias).all()):
            raise InputError("weights of experts must be finite")
        if (self.weights < 0).any() or not self.connections.any(axis=1).all():
            raise InputError("weights of experts must be at least 0, and above it for one a task")

    @property
    def connections(self) -> NDArray[np.bool_]:
        """``(T, E)``: which expert is open to which task."""
        found: NDArray[np.bool_] = self.weights > 0
        return found

    def combine(self, outputs: NDArray[Any]) -> NDArray[np.float32]:
        """``(n, E, O)`` outputs to ``(n, O)``.

        The weight of an expert that says nothing of a row (NaN) goes to the others that are open,
        in proportion; where none of these says anything, the result is NaN.
        """
        weights = self.weights.T[:, self.owner]
        silent = np.isnan(outputs)
        said = np.where(silent, 0, outputs)
        found = np.einsum("neo,eo->no", said, weights, dtype=np.float64)
        if silent.any():
            spoken = np.einsum("neo,eo->no", ~silent, weights, dtype=np.float64)
            missing = spoken <= 0
            found *= weights.sum(axis=0) / np.where(missing, np.nan, spoken)
        combined: NDArray[np.float32] = (found + self.bias).astype(np.float32)
        return combined
