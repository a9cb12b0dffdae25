"""Scores of sparse panels: of each task over its measured cells, then their mean."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from bioassay_mtl.adapters.arrays import DataError, numbers_of
from bioassay_mtl.errors import counted

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class MacroScorer:
    """Mean of a metric over tasks, where most cells of ``y`` may be NaN.

    A task whose measured cells are all alike has no score. Rows without a prediction (a SMILES that
    cannot be used) are left out, and their number is logged.

    Parameters
    ----------
    metric
        ``metric(y_true, y_score) -> float`` of one task, as those of `sklearn.metrics`.
    response
        What of the estimator is scored.

    Examples
    --------
    >>> from sklearn.metrics import average_precision_score
    >>> scorer = MacroScorer(average_precision_score)
    >>> GridSearchCV(BioassayClassifier(), grid, scoring=scorer, cv=KFold())  # doctest: +SKIP
    """

    metric: Callable[[Any, Any], float]
    response: Literal["predict_proba", "predict"] = "predict_proba"

    def __call__(self, estimator: Any, X: Any, y: Any) -> float:
        """The score; NaN where no task has one.

        Raises
        ------
        DataError
            `y` holds no numbers, or more than two classes.
        """
        y, found = np.asarray(y), np.asarray(getattr(estimator, self.response)(X))
        if y.ndim == 1 and found.ndim == 2 and found.shape[1] > 2:
            raise DataError(
                f"MacroScorer: y (n,) has {found.shape[1]} classes, two at most are expected",
                hint="scorers of scikit-learn take more, such as scoring='roc_auc_ovr'",
            )
        y = numbers_of(y)
        if y.ndim == 1:
            y = y[:, None]
            found = found[:, -1:] if found.ndim == 2 else found[:, None]
        predicted = ~np.isnan(found).any(axis=1)
        if not predicted.all():
            log.warning("not scored, without a prediction: %s", counted((~predicted).sum(), "row"))
        scores = []
        for labels, score in zip(y[predicted].T, found[predicted].T, strict=True):
            measured = ~np.isnan(labels)
            if len(np.unique(labels[measured])) > 1:
                scores.append(self.metric(labels[measured], score[measured]))
        return float(np.mean(scores)) if scores else float("nan")
