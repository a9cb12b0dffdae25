"""Sampling of the rows of an epoch: each of them once, or rare outcomes more often."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from bioassay_mtl.config import Config
from bioassay_mtl.registry import Registry, class_of, settings_of
from bioassay_mtl.tasks.kinds import TaskKind
from bioassay_mtl.tasks.labels import NOT_MEASURED
from bioassay_mtl.tasks.measured import MeasuredCells

_ROWS_AT_ONCE = 8192
_CELLS_AT_ONCE = 16_000_000


class Sampling(Config):
    """Sampling of the rows of an epoch; there are as many as training rows.

    Parameters
    ----------
    kind
        The registered name of the kind.
    """

    kind: str

    def weights(self, labels: Tensor) -> Tensor | None:
        """``(n,) float64`` weights by which rows are drawn with replacement; None: each row once.

        Parameters
        ----------
        labels
            ``(n, T) int8`` of the training rows: the outcome, or -1 where not measured.
        """
        raise NotImplementedError

    def of_cells(self, cells: MeasuredCells, kinds: Sequence[TaskKind]) -> Tensor | None:
        """The same weights of the measured cells of the training rows."""
        held = outcomes(cells, kinds)
        return self.weights(torch.from_numpy(held.dense(missing=NOT_MEASURED, dtype=np.int8)))


samplings: Registry[type[Sampling]] = Registry(
    "sampling", "samplings", class_of("bioassay_mtl.training.sampling:Sampling")
)


def sampling_config(values: str | Mapping[str, Any] | Sampling) -> Sampling:
    """A way of sampling by its name, or by a mapping of settings with its ``kind``."""
    return settings_of(samplings, values, "uniform")


@samplings.register("uniform")
class Uniform(Sampling):
    """Every row once, in random order."""

    kind: Literal["uniform"] = "uniform"

    def weights(self, labels: Tensor) -> None:
        return None

    def of_cells(self, cells: MeasuredCells, kinds: Sequence[TaskKind]) -> None:
        return None


@samplings.register("balanced")
class Balanced(Sampling):
    """Rows with rare outcomes are seen more often.

    Outcomes are active and inactive, or the classes of a task; a value is none that could be rare,
    and weighs 1. The weight of a row is the mean of the :func:`outcome_weights` of its measured
    cells, to the power ``exponent``. A cell that was not measured says nothing; a row without
    measured cells weighs 1, as much as the mean cell.

    Parameters
    ----------
    exponent
        0 draws all rows alike; above 1 counters that among many measured cells one active is
        diluted by the mean.
    """

    kind: Literal["balanced"] = "balanced"
    exponent: Annotated[float, Field(ge=0)] = 1.0

    def weights(self, labels: Tensor) -> Tensor:
        cells = MeasuredCells.from_dense(labels.numpy())
        return self._of(row_means(cells, outcome_weights(cells)))

    def of_cells(self, cells: MeasuredCells, kinds: Sequence[TaskKind]) -> Tensor:
        held = outcomes(cells, kinds)
        return self._of(row_means(held, outcome_weights(held)))

    def _of(self, means: Tensor) -> Tensor:
        return (means / means.max()) ** self.exponent  # at most 1: no power overflows


def outcomes(cells: MeasuredCells, kinds: Sequence[TaskKind]) -> MeasuredCells:
    """The same cells with numbers of outcomes, 0 for any value."""
    is_value = np.array([kind.is_value for kind in kinds], dtype=np.bool_)
    return cells.with_values(np.where(is_value[cells.task], 0, cells.value))


def outcome_weights(cells: MeasuredCells) -> Tensor:
    """``(K, T) float64``: inverse frequency of each outcome among the measured cells.

    Scaled so that the mean over a task's cells is 1: ``n / 2 n_c`` for the class c of a task with
    two, and 1 for the only class of a task with one.
    """
    n_outcomes = max(2, int(cells.value.max(initial=0)) + 1)
    numbers = [torch.from_numpy(cells.counts_of(value)) for value in range(n_outcomes)]
    counts = torch.stack(numbers).double()
    n_classes = (counts > 0).sum(dim=0).clamp_min(1)
    return counts.sum(dim=0) / (n_classes * counts.clamp_min(1))


def row_means(cells: MeasuredCells, weights: Tensor) -> Tensor:
    """``(n,) float64``: mean weight ``(K, T)`` of the outcomes of each row's measured cells."""
    parts = []
    at_once = max(1, min(_ROWS_AT_ONCE, _CELLS_AT_ONCE // max(1, cells.n_tasks)))
    for start in range(0, cells.n_rows, at_once):
        rows = np.arange(start, min(start + at_once, cells.n_rows))
        some = torch.from_numpy(cells.dense(rows, missing=NOT_MEASURED, dtype=np.int8))
        n_measured = (some >= 0).double().sum(dim=1)
        shares = [(some == value).double() @ weight for value, weight in enumerate(weights)]
        total = torch.stack(shares).sum(dim=0)
        parts.append(torch.where(n_measured > 0, total / n_measured.clamp_min(1), 1.0))
    return torch.cat(parts)


def draw(weights: Tensor, n: int, generator: torch.Generator) -> Tensor:
    """``(n,) int64`` positions, drawn with replacement in proportion to the weights.

    Some weight must be above 0. Weights are divided by the largest one: products of denormal
    numbers would round to the same one, and rows be drawn alike.
    """
    # torch.multinomial stops at 2^24 rows and knows only single precision on some devices.
    bounds = (weights / weights.max()).cumsum(dim=0)
    points = torch.rand(n, generator=generator, dtype=torch.float64) * bounds[-1]
    return torch.searchsorted(bounds, points, right=True).clamp_max(len(weights) - 1)
