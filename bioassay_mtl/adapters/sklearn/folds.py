"""Out-of-fold predictions of panels with gaps."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.model_selection import check_cv
from sklearn.utils import _safe_indexing, indexable
from sklearn.utils.validation import _check_method_params, _num_samples

from bioassay_mtl.adapters.arrays import DataError, is_missing


def cross_val_predict(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    groups: Any = None,
    cv: Any = 5,
    method: Literal["predict", "predict_proba"] = "predict",
    params: dict[str, Any] | None = None,
) -> Any:
    """Predict each row by an estimator that has not seen it, where ``y`` has gaps.

    Predictions as of `sklearn.model_selection.cross_val_predict`, which numbers the labels anew and
    thereby makes a class of NaN; here they reach the estimator as they are.

    Parameters
    ----------
    estimator
        A clone of it is fitted for each fold.
    X
        n rows of whatever it reads.
    y
        ``(n, T)`` or ``(n,)``, NaN where not measured.
    groups, params
        Arguments of the splitter, and of ``fit`` (such as ``sample_weight``, cut to the rows of
        each fold).
    cv
        A splitter, or how many folds of successive rows.
    method
        Method of the fitted estimators that is called.

    Returns
    -------
    Array of n rows, or T of them where ``predict_proba`` gives a list. A class that no row of the
    other folds has, has probability 0.

    Raises
    ------
    DataError
        The splitter does not put each row into one fold.

    Examples
    --------
    >>> from bioassay_mtl.adapters.sklearn import BioassayClassifier, cross_val_predict
    >>> smiles, y = ["CCO", "CCN", "c1ccccc1", "CCCC"], [[1, 0], [1, 0], [0, 1], [None, 1]]
    >>> model = BioassayClassifier(epochs=1)
    >>> cross_val_predict(model, smiles, y, cv=2, method="predict_proba").shape
    (4, 2)
    """
    X, y, groups = indexable(X, y, groups)
    folds = list(check_cv(cv).split(X, y, groups))
    order = np.concatenate([test for _, test in folds])
    if not np.array_equal(np.sort(order), np.arange(_num_samples(X))):
        raise DataError("cv must put each row into one fold")
    classes = _classes(y) if method == "predict_proba" else None
    found = []
    for train, test in folds:
        chosen = _check_method_params(X, params=params or {}, indices=train)
        fitted = clone(estimator).fit(_safe_indexing(X, train), _safe_indexing(y, train), **chosen)
        predicted = getattr(fitted, method)(_safe_indexing(X, test))
        found.append(predicted if classes is None else _of_all(predicted, fitted, classes))
    back = np.argsort(order)
    if isinstance(found[0], list):
        return [np.concatenate(task)[back] for task in zip(*found, strict=True)]
    return np.concatenate(found)[back]


def _of_all(predicted: NDArray[Any], fitted: Any, classes: NDArray[Any]) -> NDArray[Any]:
    """``(n, K)``: of each class, whether or not the fold's estimator knows it."""
    of_all = np.zeros((len(predicted), len(classes)), dtype=predicted.dtype)
    of_all[:, np.searchsorted(classes, fitted.classes_)] = predicted
    return of_all


def _classes(y: Any) -> NDArray[Any] | None:
    """The classes of ``y (n,)``, as a classifier of them would sort them."""
    values: NDArray[Any] = np.asarray(y)
    if values.ndim != 1:
        return None
    classes: NDArray[Any] = np.unique(values[~is_missing(values)])
    return classes
