"""Average precision as ``ogb.graphproppred.Evaluator("ogbg-molpcba")`` computes it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.metrics import macro_average_precision


def ogb_average_precision(labels: NDArray[Any], probabilities: NDArray[np.float32]) -> float:
    """Mean over the assays with an active and an inactive, unmeasured cells left out.

    Every molecule of a part counts. One that could not be read has no prediction: it is ranked
    below all others, in every assay.

    Parameters
    ----------
    labels
        ``(n, T)``: 1, 0, or -1 where not measured.
    probabilities
        ``(n, T)``; NaN where there is no prediction.
    """
    return macro_average_precision(labels, np.nan_to_num(probabilities, nan=-1.0))
