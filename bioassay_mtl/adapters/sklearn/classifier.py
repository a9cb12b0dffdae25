"""The classifier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.metrics import roc_auc_score
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from bioassay_mtl.adapters.arrays import DataError, is_missing
from bioassay_mtl.adapters.sklearn.estimator import (
    BioassayEstimator,
    given_labels,
    numbers,
    task_names,
    usable,
)
from bioassay_mtl.adapters.sklearn.scorer import MacroScorer
from bioassay_mtl.adapters.sklearn.weights import cell_weights
from bioassay_mtl.panels.header import some
from bioassay_mtl.tasks.kinds import Binary, Multiclass, TaskKind


class BioassayClassifier(ClassifierMixin, BioassayEstimator):
    """Activity in many assays at once, from SMILES or features.

    ``y (n, T)`` holds 1, 0, and NaN where a molecule was not measured. ``y (n,)`` holds any labels,
    of two classes or more, as with any classifier of scikit-learn.

    Parameters
    ----------
    epochs, batch_size, learning_rate, weight_decay, network, fingerprints, settings, random_state
        See :class:`~bioassay_mtl.adapters.sklearn.estimator.BioassayEstimator`.
    proba
        Result of ``predict_proba`` after ``y (n, T)``: ``array``, ``(n, T)`` probabilities of
        activity, as `MLPClassifier` of scikit-learn; or ``list``, T arrays ``(n, 2)`` of inactivity
        and activity, as `RandomForestClassifier`.

    Attributes
    ----------
    model_
        The :class:`bioassay_mtl.models.model.Model`; ``model_.save(folder)`` keeps it.
    classes_
        Labels of ``y (n,)``; after ``y (n, T)`` an array ``(T, 2)`` of pairs ``[0, 1]``.
    is_measured_
        ``(T,) bool``: tasks that were measured in fit. Of the others probabilities are NaN.

    Notes
    -----
    To split ``y`` with NaN, `cross_validate` and `GridSearchCV` need a splitter (``cv=KFold(5)``):
    for a number, they would look for classes in ``y``. `cross_val_predict` of scikit-learn takes
    NaN for a class; :func:`bioassay_mtl.adapters.sklearn.cross_val_predict` does not.

    A `StackingClassifier` of just two tasks leaves the first column of an array out, as if it were
    of the first of two classes: ``proba="list"`` keeps both tasks.

    Examples
    --------
    >>> smiles = ["CCO", "CCN", "CCCO", "c1ccccc1", "Cc1ccccc1", "c1ccncc1"] * 8
    >>> y = [0, 0, 0, 1, 1, 1] * 8
    >>> estimator = BioassayClassifier(epochs=8, random_state=0).fit(smiles, y)
    >>> estimator.predict(["CCCCO", "CCc1ccccc1"]).tolist()
    [0, 1]
    """

    def __init__(
        self,
        *,
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float = 16e-3,
        weight_decay: float = 1.0,
        network: Mapping[str, Any] | None = None,
        fingerprints: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
        random_state: Any = 0,
        proba: Literal["array", "list"] = "array",
    ) -> None:
        super().__init__(
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            network=network,
            fingerprints=fingerprints,
            settings=settings,
            random_state=random_state,
        )
        self.proba = proba

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> BioassayClassifier:
        """Train.

        Parameters
        ----------
        X
            n SMILES or RDKit molecules, or features ``(n, F)``, dense or sparse.
        y
            ``(n, T)`` or ``(n,)``.
        sample_weight
            ``(n,)``, or ``(n, T)`` of cells: factors of their losses; of 0 as if not measured.

        Raises
        ------
        DataError
            A label is not allowed, or there is only one class.
        """
        if self.proba not in ("array", "list"):
            raise DataError(f"proba must be 'array' or 'list', found {self.proba!r}")
        x = self._inputs(X, reset=True)
        values = given_labels(y, x)
        if values.ndim == 1:
            labels, kind = self._encoded(values)
            return self._fit(x, labels, task_names(y, 1), [kind], sample_weight)
        tasks = task_names(y, values.shape[1])
        self.classes_: NDArray[Any] = np.tile([0, 1], (len(tasks), 1))
        return self._fit(x, outcomes(values), tasks, [Binary()] * len(tasks), sample_weight)

    def predict_proba(self, X: Any) -> Any:
        """Probabilities of activity ``(n, T)``; after ``y (n,)``, of the classes ``(n, K)``.

        NaN in the row of a SMILES that cannot be used, and of a task never measured in fit. With
        ``proba="list"``, T arrays ``(n, 2)`` in place of ``(n, T)``.
        """
        columns = self._columns(X)
        if self._is_panel:
            by_task = [np.stack([1 - column, column], axis=1) for column in columns.T]
            return by_task if self.proba == "list" else columns
        return np.hstack([1 - columns, columns]) if len(self.classes_) == 2 else columns

    def predict_interval(self, X: Any) -> NDArray[np.float32]:
        """Venn-ABERS intervals of the probabilities of activity, ``(n, T, 2)`` or ``(n, 2)``.

        They rest on predictions of stacked experts for rows out of fold, and are wide where few
        labels are like a molecule's score. NaN as in :meth:`predict_proba`, and where there are
        more than two classes.

        Raises
        ------
        DataError
            The model has no such rows, as those that are not small panels' may have none.
        """
        found = self._intervals(X, 0.9)  # probabilities have no levels
        return found if self._is_panel or len(self.classes_) > 2 else found[:, 0]

    @property
    def _is_panel(self) -> bool:
        """Whether it was fitted on ``y (n, T)``."""
        return self.classes_.ndim == 2

    def predict(self, X: Any) -> NDArray[Any]:
        """1 where activity is more likely than not, else 0; or the likeliest class.

        Raises
        ------
        DataError
            A SMILES cannot be used, or a task was never measured: there is no class for it.
        """
        columns = self._columns(X)
        if unknown := self._unmeasured(self.model_.tasks):
            raise DataError(
                f"never measured in fit: {some(unknown)}",
                hint="leave it out of y; predict_proba gives NaN there",
            )
        usable(columns)
        if self._is_panel or len(self.classes_) == 2:
            likeliest: NDArray[Any] = (columns > 0.5).astype(np.int64)
            return likeliest if self._is_panel else self.classes_[likeliest[:, 0]]
        likeliest = self.classes_[columns.argmax(axis=1)]
        return likeliest

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Mean ROC-AUC over the tasks that have both outcomes; after ``y (n,)``, the accuracy.

        Weights are as in :meth:`fit`.
        """
        check_is_fitted(self, "model_")
        if self._is_panel:
            return MacroScorer(roc_auc_score)(self, X, y, sample_weight)
        y = np.asarray(y)
        measured = ~is_missing(y)
        weights = cell_weights(sample_weight, y.shape)
        right = self.predict(X)[measured] == y[measured]
        return float(np.average(right, weights=None if weights is None else weights[measured]))

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


def outcomes(values: NDArray[Any]) -> NDArray[np.float64]:
    """Labels of a panel, 1, 0, and NaN (or -1) where not measured.

    Raises
    ------
    DataError
        None is measured, or one is something else.
    """
    held = numbers(values)
    wrong = held[~np.isnan(held) & ~np.isin(held, (0, 1, -1))]
    if len(wrong):
        raise DataError(
            f"a label of y (n, tasks) is 1, 0, or NaN where not measured; found {wrong[0]:g}",
            hint="cross_val_predict of scikit-learn makes a class of NaN: take that of "
            "bioassay_mtl.adapters.sklearn"
            if wrong[0] == 2
            else None,
        )
    return np.where(held == -1, np.nan, held)
