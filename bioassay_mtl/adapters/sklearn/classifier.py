"""The classifier."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.metrics import roc_auc_score
from sklearn.utils.multiclass import check_classification_targets

from bioassay_mtl.adapters.arrays import DataError, is_missing
from bioassay_mtl.adapters.sklearn.estimator import (
    BioassayEstimator,
    given_labels,
    numbers,
    task_names,
    usable,
)
from bioassay_mtl.adapters.sklearn.scorer import MacroScorer
from bioassay_mtl.data.kinds import Binary, Multiclass, TaskKind


class BioassayClassifier(ClassifierMixin, BioassayEstimator):
    """Activity in many assays at once, from SMILES or features.

    ``y (n, T)`` holds 1, 0, and NaN where a molecule was not measured. ``y (n,)`` holds any labels,
    of two classes or more, as with any classifier of scikit-learn.

    Parameters
    ----------
    epochs, batch_size, learning_rate, weight_decay, network, fingerprints, settings, random_state
        See :class:`~bioassay_mtl.adapters.sklearn.estimator.BioassayEstimator`.

    Attributes
    ----------
    model_
        The :class:`bioassay_mtl.nn.model.Model`; ``model_.save(folder)`` keeps it.
    classes_
        Labels of ``y (n,)``, or a list of T pairs ``[0, 1]``.

    Notes
    -----
    To split ``y`` with NaN, `cross_validate` and `GridSearchCV` need a splitter (``cv=KFold(5)``):
    for a number, they would look for classes in ``y``.

    Examples
    --------
    >>> estimator = BioassayClassifier(epochs=5).fit(smiles, y)  # doctest: +SKIP
    >>> estimator.predict_proba(["CCO"])  # doctest: +SKIP
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def fit(self, X: Any, y: Any) -> BioassayClassifier:
        """Train.

        Parameters
        ----------
        X
            n SMILES, or features ``(n, F)``.
        y
            ``(n, T)`` or ``(n,)``.

        Raises
        ------
        DataError
            A label is not allowed, or there is only one class.
        """
        x = self._inputs(X, reset=True)
        values = given_labels(y, len(x))
        if values.ndim == 1:
            labels, kind = self._encoded(values)
            return self._fit(x, labels, task_names(y, 1), [kind])
        tasks = task_names(y, values.shape[1])
        self.classes_: Any = [np.array([0, 1])] * len(tasks)
        return self._fit(x, numbers(values), tasks, [Binary()] * len(tasks))

    def predict_proba(self, X: Any) -> NDArray[np.float32]:
        """Probabilities of activity ``(n, T)``; after ``y (n,)``, of the classes ``(n, K)``.

        NaN in the row of a SMILES that cannot be used.
        """
        columns = self._columns(X)
        if isinstance(self.classes_, np.ndarray) and len(self.classes_) == 2:
            return np.hstack([1 - columns, columns])
        return columns

    def predict(self, X: Any) -> NDArray[Any]:
        """1 where activity is more likely than not, else 0; or the likeliest class.

        Raises
        ------
        DataError
            A SMILES cannot be used: there is no class for it.
        """
        probabilities = usable(self.predict_proba(X))
        if isinstance(self.classes_, np.ndarray):
            likeliest: NDArray[Any] = self.classes_[probabilities.argmax(axis=1)]
            return likeliest
        return (probabilities > 0.5).astype(np.int64)

    def score(self, X: Any, y: Any) -> float:
        """Mean ROC-AUC over the tasks that have both outcomes; after ``y (n,)``, the accuracy."""
        if not isinstance(self.classes_, np.ndarray):
            return MacroScorer(roc_auc_score)(self, X, y)
        y = np.asarray(y)
        measured = ~is_missing(y)
        return float(np.mean(self.predict(X)[measured] == y[measured]))

    def _encoded(self, y: NDArray[Any]) -> tuple[NDArray[np.float64], TaskKind]:
        """Numbers of classes, and the kind of a task with these classes."""
        if y.dtype.kind == "f":
            numbers(y)  # finite
        missing = is_missing(y)
        if missing.all():
            raise DataError("y has no measured cell")
        measured = y[~missing]
        if measured.dtype == object:  # numbers, where gaps alone made objects of them
            measured = pd.Series(measured).infer_objects().to_numpy()
        check_classification_targets(measured)
        self.classes_, codes = np.unique(measured, return_inverse=True)
        if len(self.classes_) < 2:
            raise DataError(f"y must have two classes or more, found 1 class: {self.classes_[0]}")
        labels = np.full(len(y), np.nan)
        labels[~missing] = codes
        if len(self.classes_) == 2:
            return labels, Binary()
        return labels, Multiclass(classes=tuple(str(name) for name in self.classes_))
