"""DeepChem's metrics, over measured cells alone."""

from __future__ import annotations

from typing import Any

import deepchem as dc
import numpy as np
from numpy.typing import ArrayLike

from bioassay_mtl.adapters.arrays import is_missing


class MeasuredMetric(dc.metrics.Metric):
    """A metric in which a cell of weight 0, or whose label is NaN, takes no part.

    DeepChem's own counts the label that stands there, most often as an inactive. Where all cells
    are measured, it is the same. `MMoEExModel.evaluate` makes one of every metric; give it to
    models of DeepChem yourself, to compare.

    Parameters
    ----------
    metric
        Any of DeepChem's.

    Examples
    --------
    >>> metric = MeasuredMetric(dc.metrics.Metric(dc.metrics.prc_auc_score))
    >>> dc.models.MultitaskClassifier(12, 1024).evaluate(test, [metric])  # doctest: +SKIP
    """

    def __init__(self, metric: Any) -> None:
        self.__dict__.update(vars(metric))

    def compute_metric(
        self,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        w: ArrayLike | None = None,
        n_tasks: int | None = None,
        n_classes: int = 2,
        per_task_metrics: bool = False,
        use_sample_weights: bool = False,
        **settings: Any,
    ) -> Any:
        """The mean over tasks that have a score; with `per_task_metrics` also the scores of all."""
        y = np.asarray(y_true)
        n_tasks = n_tasks or self.n_tasks or (1 if y.ndim == 1 else y.shape[1])
        settings["use_sample_weights"] = use_sample_weights
        cells = y.reshape(len(y), n_tasks, -1)
        w = dc.metrics.normalize_weight_shape(w, *cells.shape[:2])
        w = np.where(is_missing(cells).any(axis=2), 0, w)
        # Labels become classes before cells are chosen: an empty one must hold some class, too.
        y = np.where((w == 0)[:, :, None], 0, cells).reshape(y.shape)
        mean, scores = super().compute_metric(y, y_pred, w, n_tasks, n_classes, True, **settings)
        if not w.all():
            found = [score for score in np.atleast_1d(scores) if not np.isnan(score)]
            mean = self.task_averager(found) if found else np.nan
        return (mean, scores) if per_task_metrics else mean

    def compute_singletask_metric(
        self, y_true: Any, y_pred: Any, w: Any = None, *args: Any, **settings: Any
    ) -> Any:
        """The score of one task; NaN where it has too few measured cells."""
        measured = w != 0
        y, y_pred, w = y_true[measured], y_pred[measured], w[measured]
        if not measured.any():
            return np.nan
        try:
            return super().compute_singletask_metric(y, y_pred, w, *args, **settings)
        except ValueError:
            if measured.all() or len(np.unique(y, axis=0)) > 1:
                raise
            return np.nan  # one cell, or cells of one class
