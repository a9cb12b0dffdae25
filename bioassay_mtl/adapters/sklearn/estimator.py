"""Base of the classifier and the regressor."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import _num_samples, check_is_fitted, validate_data

from bioassay_mtl.adapters import arrays
from bioassay_mtl.adapters.arrays import DataError
from bioassay_mtl.adapters.sklearn.weights import cell_weights
from bioassay_mtl.models.companions import companions, files_of
from bioassay_mtl.models.folder_checks import CARD, CONFIG, METRICS, WEIGHTS
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.training_molecules import MOLECULES
from bioassay_mtl.panels.header import some
from bioassay_mtl.tasks.kinds import TaskKind

_LARGEST_SEED = 2**31 - 1

EstimatorT = TypeVar("EstimatorT", bound="BioassayEstimator")


class BioassayEstimator(BaseEstimator):
    """A multi-task network on SMILES or features; see its two kinds.

    Parameters
    ----------
    epochs
        Passes over the rows; None for as many as suit the number of rows.
    batch_size
        Molecules a step; None for about 30 steps an epoch.
    learning_rate, weight_decay
        Settings of AdamW.
    network
        Architecture, by ``kind`` (see :class:`bioassay_mtl.training.config.TrainingConfig`); None
        for one that suits the number of rows.
    fingerprints
        Fingerprints to compute of SMILES, by name; None for Morgan, torsion and atom-pair counts
        and, of few rows, descriptors.
    settings
        Any further settings of a training run.
    random_state
        Seed of initial weights, order of rows and dropout.
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
    ) -> None:
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.network = network
        self.fingerprints = fingerprints
        self.settings = settings
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        return tags

    def _fit(
        self: EstimatorT,
        x: Any,
        labels: NDArray[np.float64],
        tasks: list[str],
        kinds: Sequence[TaskKind],
        sample_weight: Any,
    ) -> EstimatorT:
        """Train on inputs that :meth:`_inputs` gave, and on labels ``(n, T)`` or ``(n,)``."""
        given, weights = cell_weights(sample_weight, labels.shape), None
        if given is not None:
            x, labels, weights = _weighed(x, labels, given)
        self._note_unmeasured(labels, tasks)
        seed = self.random_state
        if not isinstance(seed, int | np.integer):
            seed = check_random_state(seed).randint(_LARGEST_SEED)
        settings = {
            "epochs": self.epochs,
            "batch_size": self.batch_size,
            "learning_rate": self.learning_rate,
            "weight_decay": self.weight_decay,
            "seed": int(seed),
            "network": self.network,
            "fingerprints": self.fingerprints,
        }
        chosen = {name: value for name, value in settings.items() if value is not None}
        self.model_ = arrays.fit(
            x, labels, tasks, kinds, {**chosen, **(self.settings or {})}, weights=weights
        )
        self.n_epochs_ = len(self.model_.training["history"])
        return self

    def _note_unmeasured(self, labels: NDArray[np.float64], tasks: list[str]) -> None:
        """Keep which tasks have a measured cell, and warn of those that have none."""
        measured = ~np.isnan(_columns_of(labels))
        self.is_measured_ = np.array([bool(task.any()) for task in measured.T])
        if not self.is_measured_.any():
            raise DataError("sample_weight is zero in every measured cell of y")
        if unknown := self._unmeasured(tasks):
            warnings.warn(
                f"never measured in fit: {some(unknown)}; predictions there are NaN", stacklevel=4
            )

    def _unmeasured(self, tasks: Sequence[str]) -> list[str]:
        return [task for task, known in zip(tasks, self.is_measured_, strict=True) if not known]

    def _inputs(self, X: Any, *, reset: bool) -> Any:
        """SMILES as a list, features as an array or CSR that scikit-learn has looked at."""
        expected = not reset and arrays.reads_smiles(self.model_)
        structures = arrays.smiles_of(X, expected=expected)
        if structures is None:
            return validate_data(
                self,
                X,
                reset=reset,
                accept_sparse="csr",
                dtype=np.float64,
                ensure_all_finite="allow-nan",
            )
        if reset:
            self.__dict__.pop("n_features_in_", None)
        return structures

    def _columns(self, X: Any) -> NDArray[np.float32]:
        """Predictions of the model, ``(n, n_columns)``; NaN of a task never measured in fit."""
        check_is_fitted(self, "model_")
        columns = arrays.predict(self.model_, self._inputs(X, reset=False))
        if not self.is_measured_.all():  # such a task has one column
            columns[:, ~self.is_measured_] = np.nan
        return columns

    def _intervals(self, X: Any, level: float) -> NDArray[np.float32]:
        """Both ends of the intervals of predicted columns, ``(n, n_columns, 2)``."""
        check_is_fitted(self, "model_")
        found = arrays.intervals(self.model_, self._inputs(X, reset=False), level)
        if not self.is_measured_.all():
            found[:, ~self.is_measured_] = np.nan
        return found

    def __getstate__(self) -> dict[str, Any]:
        """Settings, plain values, and the model as the bytes of its files."""
        state: dict[str, Any] = super().__getstate__()
        if "model_" in state:
            with tempfile.TemporaryDirectory() as folder:
                saved = state["model_"].save(Path(folder) / "model")
                state = {**state, "model_": {p.name: p.read_bytes() for p in saved.iterdir()}}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        files = state.get("model_")
        if files is not None:
            with tempfile.TemporaryDirectory() as folder:
                beside = files_of(companions.names())
                for name in (WEIGHTS, CONFIG, METRICS, CARD, MOLECULES, *beside):
                    if name in files:
                        (Path(folder) / name).write_bytes(files[name])
                model = Model.load(folder)
                dict(model.beside)  # read now: the folder goes
                state = {**state, "model_": model}
        super().__setstate__(state)


def usable(predicted: NDArray[Any]) -> NDArray[Any]:
    """Predictions, none of them missing.

    Raises
    ------
    DataError
        A SMILES cannot be used.
    """
    missing = np.flatnonzero(np.isnan(predicted).any(axis=1))
    if len(missing):
        raise DataError(
            f"{len(missing)} SMILES cannot be used, the first in row {missing[0]}",
            hint="leave them out; predict_proba of a classifier gives NaN there",
        )
    return predicted


def _weighed(
    x: Any, labels: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[Any, NDArray[np.float64], NDArray[np.float32]]:
    """Rows and labels without those of weight 0, which count as if they were not there."""
    kept = np.flatnonzero(_columns_of(weights).any(axis=1))
    x = [x[row] for row in kept] if isinstance(x, list) else x[kept]
    labels, weights = labels[kept], weights[kept]
    labels = np.where(weights > 0, labels, np.nan)
    return x, labels, _columns_of(weights).astype(np.float32)


def _columns_of(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(n, T)``, where one task may be ``(n,)``."""
    return values[:, None] if values.ndim == 1 else values


def given_labels(y: Any, x: Any) -> NDArray[Any]:
    """`y` as an array, ``(n,)`` or ``(n, T)``, for n rows of inputs.

    Raises
    ------
    DataError
        It is missing, or of another shape.
    """
    if y is None:
        raise DataError("the estimator requires y to be passed, but the target y is None")
    values, n = np.asarray(y), _num_samples(x)
    if values.ndim not in (1, 2) or len(values) != n:
        raise DataError(f"y must be ({n},) or ({n}, tasks), found {values.shape}")
    return values


def task_names(y: Any, n: int) -> list[str]:
    """Columns of a table, the name of a series, or numbers."""
    name = getattr(y, "name", None)
    names = getattr(y, "columns", range(n) if name is None else [name])
    return [str(each) for each in names]


def numbers(values: NDArray[Any]) -> NDArray[np.float64]:
    """Labels as numbers, NaN where not measured.

    Raises
    ------
    DataError
        None is measured, or one is no number, or infinite.
    """
    held = arrays.numbers_of(values)
    if np.isnan(held).all():
        raise DataError("y has no measured cell")
    if np.isinf(held).any():
        raise DataError("Input y contains infinity or a value too large for dtype('float64').")
    return held
