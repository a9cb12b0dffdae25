"""The regressor."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score

from bioassay_mtl.adapters.sklearn.estimator import (
    BioassayEstimator,
    given_labels,
    numbers,
    task_names,
)
from bioassay_mtl.adapters.sklearn.scorer import MacroScorer
from bioassay_mtl.tasks.kinds import Regression


class BioassayRegressor(RegressorMixin, BioassayEstimator):
    """Values in many assays at once, from SMILES or features.

    Parameters
    ----------
    epochs, batch_size, learning_rate, weight_decay, network, fingerprints, settings, random_state
        See :class:`~bioassay_mtl.adapters.sklearn.estimator.BioassayEstimator`.

    Attributes
    ----------
    model_
        The :class:`bioassay_mtl.models.model.Model`; ``model_.save(folder)`` keeps it.
    is_measured_
        ``(T,) bool``: tasks that were measured in fit; of the others predictions are NaN.
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> BioassayRegressor:
        """Train.

        Parameters
        ----------
        X
            n SMILES or RDKit molecules, or features ``(n, F)``, dense or sparse.
        y
            ``(n, T)`` or ``(n,)``, NaN where a molecule was not measured.
        sample_weight
            ``(n,)``, or ``(n, T)`` of cells: factors of their losses; of 0 as if not measured.

        Raises
        ------
        DataError
            A value is not allowed.
        """
        x = self._inputs(X, reset=True)
        values = numbers(given_labels(y, x))
        self.is_one_ = values.ndim == 1
        tasks = task_names(y, 1 if self.is_one_ else values.shape[1])
        kinds = [Regression()] * len(tasks)
        return self._fit(x, values, tasks, kinds, sample_weight)

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Values, ``(n, T)`` or ``(n,)`` as `y` was.

        NaN where a SMILES cannot be used, and of a task that was never measured in fit.
        """
        columns = self._columns(X).astype(np.float64)
        return columns[:, 0] if self.is_one_ else columns

    def predict_interval(self, X: Any, level: float = 0.9) -> NDArray[np.float64]:
        """Intervals that agree with so many new measurements, ``(n, T, 2)`` or ``(n, 2)``.

        They rest on predictions of stacked experts for rows out of fold (split conformal
        prediction), and hold for molecules as those of fit. NaN where :meth:`predict` has NaN, and
        of a task with too few measured values.

        Parameters
        ----------
        X
            See :meth:`predict`.
        level
            0.5, 0.8, 0.9 or 0.95.

        Raises
        ------
        DataError
            The model has no such rows, as those that are not small panels' may have none.
        """
        found = self._intervals(X, level).astype(np.float64)
        return found[:, 0] if self.is_one_ else found

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Mean coefficient of determination over the tasks; weights as in :meth:`fit`."""
        return MacroScorer(r2_score, response="predict")(self, X, y, sample_weight)
