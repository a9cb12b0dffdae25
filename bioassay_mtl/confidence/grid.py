"""Logits, rounded: predictions of measured cells become counts, however many cells there are.

The grid is fixed beforehand, so that a rounded logit is a score like any other, and what holds for
exchangeable scores holds for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

STEP = 0.05
"""Distance between two places: five per cent of odds."""
LARGEST = 10.0
N_PLACES = 401
"""Places from ``-LARGEST`` to ``LARGEST``; what lies beyond is put at the end."""

Counts = NDArray[np.int64]


def places(logits: NDArray[np.floating]) -> NDArray[np.int64]:
    """The place of each logit, 0 to ``N_PLACES - 1``."""
    within = np.clip(logits, -LARGEST, LARGEST)
    return np.asarray(np.rint((within + LARGEST) / STEP), np.int64)


@dataclass(frozen=True, eq=False)
class ScoreCounts:
    """Measured cells of T tasks by the place of their logits.

    Parameters
    ----------
    inactive, active
        ``(T, N_PLACES) int64``.
    """

    inactive: Counts
    active: Counts

    @property
    def n_cells(self) -> Counts:
        """``(T,)``."""
        found: Counts = (self.inactive + self.active).sum(axis=1)
        return found

    @staticmethod
    def of(
        task: NDArray[np.integer], logits: NDArray[np.floating], labels: NDArray[Any], n: int
    ) -> ScoreCounts:
        """Count the cells of ``n`` tasks; labels are 0 or 1."""
        at = task.astype(np.int64) * N_PLACES + places(logits)
        both = (np.bincount(at[labels == label], minlength=n * N_PLACES) for label in (0, 1))
        return ScoreCounts(*(each.reshape(n, N_PLACES) for each in both))


def total(parts: Sequence[ScoreCounts]) -> ScoreCounts:
    """The cells of all parts."""
    inactive, active = zip(*((part.inactive, part.active) for part in parts), strict=True)
    return ScoreCounts(np.sum(inactive, axis=0), np.sum(active, axis=0))
