"""Weights of samples, or of cells, as scikit-learn hands them to ``fit`` and ``score``."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.adapters.arrays import DataError


def cell_weights(sample_weight: Any, shape: tuple[int, ...]) -> NDArray[np.float64] | None:
    """Weights of all cells of labels, ``(n,)`` or ``(n, T)`` as these; None where none are given.

    Parameters
    ----------
    sample_weight
        One number for all, ``(n,)``, or ``(n, T)`` for labels of that shape.
    shape
        Shape of the labels.

    Raises
    ------
    DataError
        Another shape, or a weight that is negative or not finite.
    """
    if sample_weight is None:
        return None
    try:
        given = np.asarray(sample_weight, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"sample_weight must be numbers: {error}") from None
    if given.shape not in ((), shape[:1], shape):
        expected = " or ".join(str(each) for each in dict.fromkeys((shape[:1], shape)))
        raise DataError(f"sample_weight must be {expected}, found {given.shape}")
    wrong = given[~(np.isfinite(given) & (given >= 0))]
    if len(wrong):
        raise DataError(f"sample_weight must be finite, and 0 or more; found {wrong[0]}")
    by_row = given[:, None] if given.ndim == 1 and len(shape) == 2 else given
    return np.broadcast_to(by_row, shape)
