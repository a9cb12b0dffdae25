"""ROC-AUC and average precision per assay over its measured rows, and their macro means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class AssayScore:
    """ROC-AUC and average precision of one assay."""

    auc: float
    ap: float


def score_assay(label: NDArray[Any], prediction: NDArray[np.floating]) -> AssayScore | None:
    """Of one assay, labels -1 not measured; None where an active or an inactive is lacking."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    measured = label >= 0
    truth, guess = label[measured], prediction[measured]
    if truth.size == 0 or truth.min() == truth.max():
        return None
    return AssayScore(
        float(roc_auc_score(truth, guess)), float(average_precision_score(truth, guess))
    )


def score_all(
    label: NDArray[Any], prediction: NDArray[np.floating], tasks: tuple[str, ...]
) -> dict[str, AssayScore]:
    """Scores of every assay that has both classes, by assay name; arrays are (n, n_tasks)."""
    found = {
        task: score_assay(label[:, index], prediction[:, index]) for index, task in enumerate(tasks)
    }
    return {task: score for task, score in found.items() if score is not None}


def macro(scores: Mapping[str, AssayScore]) -> AssayScore:
    """Mean over assays, each assay counting once; NaN where there is none."""
    pairs = [(score.auc, score.ap) for score in scores.values()] or [(np.nan, np.nan)]
    return AssayScore(*np.mean(pairs, axis=0).tolist())


def macro_ap(
    label: NDArray[Any], prediction: NDArray[np.floating], tasks: tuple[str, ...]
) -> float:
    """Macro average precision: what networks are stopped by, and settings chosen by."""
    return macro(score_all(label, prediction, tasks)).ap
