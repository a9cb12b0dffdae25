"""Scores of sparse panels: of each task over its measured cells, then their mean."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.adapters.arrays import DataError, numbers_of
from bioassay_mtl.adapters.sklearn.weights import cell_weights
from bioassay_mtl.errors import counted

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class MacroScorer:
    """Mean of a metric over tasks, where most cells of ``y`` may be NaN.

    A task whose measured cells are all alike has no score. Rows without a prediction (a SMILES that
    cannot be used) and tasks without one (never measured in fit) are left out, and their number is
    logged.

    Parameters
    ----------
    metric
        ``metric(y_true, y_score) -> float`` of one task, as those of `sklearn.metrics`; where
        cells have weights, it is given ``sample_weight``, too.
    response
        Response of the estimator that is scored.

    Examples
    --------
    >>> from sklearn.metrics import average_precision_score
    >>> scorer = MacroScorer(average_precision_score)
    >>> GridSearchCV(BioassayClassifier(), grid, scoring=scorer, cv=KFold())  # doctest: +SKIP
    """

    metric: Callable[..., float]
    response: Literal["predict_proba", "predict"] = "predict_proba"

    def __call__(self, estimator: Any, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The score; NaN where no task has one.

        Parameters
        ----------
        estimator, X
            Estimator that predicts, and the rows: labels ``(n, T)`` or ``(n,)``, or T arrays ``(n,
            2)``.
        y
            ``(n, T)`` or ``(n,)``.
        sample_weight
            ``(n,)``, or ``(n, T)`` of cells; those of weight 0 are left out.

        Raises
        ------
        DataError
            `y` holds no numbers, or more than two classes.
        """
        y, found = np.asarray(y), _as_array(getattr(estimator, self.response)(X))
        if y.ndim == 1 and found.ndim == 2 and found.shape[1] > 2:
            raise DataError(
                f"MacroScorer: y (n,) has {found.shape[1]} classes, two at most are expected",
                hint="scorers of scikit-learn take more, such as scoring='roc_auc_ovr'",
            )
        y = numbers_of(y)
        weights = cell_weights(sample_weight, y.shape)
        if weights is not None:
            y = np.where(weights > 0, y, np.nan)
        if y.ndim == 1:
            y = y[:, None]
            found = found[:, -1:] if found.ndim == 2 else found[:, None]
            weights = None if weights is None else weights[:, None]
        _log_absent(found)
        scores = []
        for task, (labels, score) in enumerate(zip(y.T, found.T, strict=True)):
            rows = ~np.isnan(labels) & ~np.isnan(score)
            if len(np.unique(labels[rows])) > 1:
                weighed = {} if weights is None else {"sample_weight": weights[rows, task]}
                scores.append(self.metric(labels[rows], score[rows], **weighed))
        return float(np.mean(scores)) if scores else float("nan")


def _as_array(predicted: Any) -> NDArray[Any]:
    """Predictions; of T arrays ``(n, 2)``, the probabilities of the second class, ``(n, T)``."""
    if isinstance(predicted, list) and predicted and np.ndim(predicted[0]) == 2:
        return np.column_stack([classes[:, -1] for classes in predicted])
    return np.asarray(predicted)


def _log_absent(found: NDArray[Any]) -> None:
    """Say how many rows, and how many tasks, have no prediction."""
    absent = np.isnan(found)
    rows, tasks = absent.all(axis=1), absent.all(axis=0)
    if rows.any():
        log.warning("not scored, without a prediction: %s", counted(rows.sum(), "row"))
    if tasks.any() and not rows.all():
        log.warning("not scored, never measured in fit: %s", counted(tasks.sum(), "task"))
