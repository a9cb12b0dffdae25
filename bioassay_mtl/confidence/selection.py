"""Selection of molecules, so that few of them are false.

Benjamini and Hochberg's procedure on conformal p-values: the expected share of inactives among the
selected of an assay is at most the wanted rate (Bates et al. 2023, Testing for outliers with
conformal p-values; Jin and Candes 2023, Selection by prediction with conformal p-values).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def benjamini_hochberg(p_values: NDArray[np.floating], rate: float) -> NDArray[np.bool_]:
    """Rejected hypotheses.

    Parameters
    ----------
    p_values
        ``(m,)``.
    rate
        Largest expected share of true hypotheses among the rejected.
    """
    order = np.sort(p_values)
    passes = np.flatnonzero(order <= rate * np.arange(1, len(order) + 1) / max(1, len(order)))
    return p_values <= (order[passes[-1]] if len(passes) else -1.0)


def lowest_place(
    p_values: NDArray[np.floating], counts: NDArray[np.int64], rate: float
) -> NDArray[np.int64]:
    """The same of a whole library, of which only counts by place are kept.

    Parameters
    ----------
    p_values
        ``(T, G)``: of each place, falling with it.
    counts
        ``(T, G)``: molecules of the library at each place.
    rate
        See :func:`benjamini_hochberg`.

    Returns
    -------
    ``(T,)``: molecules at this place and above are selected; G where none are.
    """
    at_or_above = np.cumsum(counts[:, ::-1], axis=1)[:, ::-1]
    n = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    passes = (p_values <= rate * at_or_above / n) & (at_or_above > 0)
    return np.asarray(np.where(passes.any(axis=1), passes.argmax(axis=1), p_values.shape[1]))
