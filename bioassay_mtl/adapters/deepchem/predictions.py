"""Answers of a trained DeepChem model: predictions, embeddings, derivatives, scores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

import deepchem as dc
import numpy as np
from deepchem.utils.evaluate import GeneratorEvaluator, _process_metric_input
from numpy.typing import NDArray

from bioassay_mtl.adapters import arrays
from bioassay_mtl.adapters.deepchem.datasets import ROWS_AT_ONCE, only, undone
from bioassay_mtl.adapters.deepchem.metrics import MeasuredMetric
from bioassay_mtl.adapters.deepchem.saliency import jacobians
from bioassay_mtl.chem.features import Features
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.models.model import Model

Batches = Iterable[tuple[Any, Any, Any]]
"""Batches of inputs, labels and weights, each an array or a list of one, as from DeepChem."""


class UncertaintyError(NotImplementedError, ValueError):
    """No uncertainties are predicted; a `ValueError`, as of DeepChem's own models."""


class PredictingModel(dc.models.Model):
    """The half of :class:`~bioassay_mtl.adapters.deepchem.MMoEExModel` that learns nothing."""

    n_tasks: int
    n_features: int | None
    n_classes: int
    mode: Literal["classification", "regression"]
    batch_size: Any
    model: Model | None

    def get_task_type(self) -> str:
        """``classification`` or ``regression``."""
        return self.mode

    def get_num_tasks(self) -> int:
        """Number of tasks."""
        return self.n_tasks

    def default_generator(
        self,
        dataset: Any,
        epochs: int = 1,
        mode: str = "fit",
        deterministic: bool = True,
        pad_batches: bool = True,
    ) -> Iterator[tuple[list[Any], list[Any], list[Any]]]:
        """Batches of a dataset; of a subclass that has its own, ``fit`` and ``predict`` use that.

        Parameters
        ----------
        dataset
            Any DeepChem dataset.
        epochs
            Passes over it.
        mode
            ``fit``: labels of classes are one-hot, ``(B, T, n_classes)``. ``predict``: labels are
            as they are, batches are large.
        deterministic
            Whether rows keep their order.
        pad_batches
            Whether the last batch is filled up, with rows of weight 0.

        Yields
        ------
        ``([X], [y], [w])``.
        """
        is_fit = mode != "predict"
        size = self.batch_size if is_fit else ROWS_AT_ONCE
        for _ in range(epochs):
            for x, y, w, _ids in dataset.iterbatches(
                batch_size=size, deterministic=deterministic, pad_batches=pad_batches
            ):
                if is_fit and y is not None:
                    y, w = self._classes(np.asarray(y), w)
                yield [x], [y], [w]

    def _classes(self, y: NDArray[Any], w: Any) -> tuple[NDArray[Any], Any]:
        """One-hot labels, with weights of 0 where a label is missing."""
        if self.mode == "regression":
            return y, w
        y = arrays.numbers_of(y.reshape(len(y), -1))
        missing = np.isnan(y)
        w = np.where(missing, 0, np.broadcast_to(np.asarray(w).reshape(len(y), -1), y.shape))
        one_hot = dc.metrics.to_one_hot(np.where(missing, 0, y).ravel(), self.n_classes)
        return one_hot.reshape(len(y), self.n_tasks, self.n_classes), w

    def predict(
        self,
        dataset: Any,
        transformers: Sequence[Any] = (),
        output_types: str | Sequence[str] | None = None,
    ) -> Any:
        """Predictions of all rows.

        Parameters
        ----------
        dataset
            Any DeepChem dataset; some thousand rows of it are held at a time.
        transformers
            Undone, last first.
        output_types
            ``prediction``, ``embedding``, or a list of these; None for predictions.

        Returns
        -------
        ``(n, T, n_classes)`` probabilities, or ``(n, T, 1)`` values; NaN where a SMILES cannot be
        used. A list of arrays, where several types are asked for.
        """
        batches = self.default_generator(dataset, mode="predict", pad_batches=False)
        return self.predict_on_generator(batches, transformers, output_types)

    def predict_on_generator(
        self,
        generator: Batches,
        transformers: Sequence[Any] = (),
        output_types: str | Sequence[str] | None = None,
    ) -> Any:
        """Like :meth:`predict`, for the inputs of batches."""
        types = ["prediction"] if output_types is None else output_types
        types = [types] if isinstance(types, str) else list(types)
        if unknown := set(types) - {"prediction", "embedding"}:
            raise ValueError(
                f"output_types: prediction and embedding are there, not {', '.join(unknown)}"
            )
        parts: list[list[NDArray[np.float32]]] = [[] for _ in types]
        for inputs, _, _ in generator:
            for found, kind in zip(parts, types, strict=True):
                x = only(inputs)
                found.append(self._predicted(x) if kind == "prediction" else self._embedded(x))
        whole = [np.concatenate(part) for part in parts if part]
        whole = [
            undone(part, transformers) if kind == "prediction" else part
            for part, kind in zip(whole, types, strict=False)
        ]
        return whole[0] if len(whole) == 1 else whole

    def predict_on_batch(self, X: Any, transformers: Sequence[Any] = ()) -> NDArray[np.float32]:
        """Like :meth:`predict`, for the rows of an array."""
        return undone(self._predicted(X), transformers)

    def predict_embedding(self, dataset: Any) -> NDArray[np.float32]:
        """Outputs of the experts for each row, ``(n, E * H)``: the towers of the tasks read it.

        See :meth:`bioassay_mtl.models.computing.Computing.embed_features`.
        """
        found: NDArray[np.float32] = self.predict(dataset, output_types="embedding")
        return found

    def predict_uncertainty(self, dataset: Any, masks: int = 50) -> Any:
        """Predictions, and how far the experts of the mixture are apart in them.

        Parameters
        ----------
        dataset
            Any DeepChem dataset.
        masks
            See DeepChem's models; nothing is dropped here, and one pass is enough.

        Returns
        -------
        Predictions and standard deviations, each ``(n, T, n_classes)`` or ``(n, T, 1)``. Those of
        probabilities are the deviation of the logit times ``p (1 - p)``.

        Raises
        ------
        UncertaintyError
            The model has a single expert, or more than two classes.
        """
        batches = self.default_generator(dataset, mode="predict", pad_batches=False)
        found = [self.predict_uncertainty_on_batch(only(inputs)) for inputs, _, _ in batches]
        predictions, deviations = zip(*found, strict=True)
        return np.concatenate(predictions), np.concatenate(deviations)

    def predict_uncertainty_on_batch(self, X: Any, masks: int = 50) -> Any:
        """Like :meth:`predict_uncertainty`, for the rows of an array."""
        model, predicted = self._trained(), self._predicted(X)
        spread = model.spread_features(self._features(X))
        if np.isnan(spread).all():
            raise UncertaintyError(
                "This model cannot compute uncertainties: it has one expert, or several classes; "
                "fit several with seed=0, 1, 2, ... and look at how far their predictions scatter"
            )
        deviation = spread.reshape(len(spread), self.n_tasks, -1)
        if self.mode == "regression":
            return predicted, deviation
        return predicted, deviation * predicted * (1 - predicted)

    def compute_saliency(self, X: Any) -> Any:
        """Derivatives of the predictions for one sample.

        Parameters
        ----------
        X
            A row ``(F,)`` of an array that the model reads, or a SMILES.

        Returns
        -------
        ``(T, n_classes, F)`` of probabilities, or ``(T, 1, F)`` of values. For a SMILES, such an
        array by the name of each input: derivatives by the bits, counts or descriptors that are
        made of it.

        Raises
        ------
        DataError
            The SMILES cannot be used, or the model reads graphs.
        """
        model = self._trained()
        sample = np.asarray(X, dtype=object if isinstance(X, str) else None)
        found = jacobians(model, self._features(sample[None]))
        by_input = {name: self._by_task(columns) for name, columns in found.items()}
        return by_input if arrays.reads_smiles(model) else by_input[arrays.INPUT]

    def _by_task(self, columns: NDArray[np.float32]) -> NDArray[np.float32]:
        """``(T, classes or 1, F)``."""
        if self.mode == "classification" and self.n_classes == 2:
            return np.stack([-columns, columns], axis=1)
        return columns.reshape(self.n_tasks, -1, columns.shape[1])

    def evaluate(
        self,
        dataset: Any,
        metrics: Any,
        transformers: Sequence[Any] = (),
        per_task_metrics: bool = False,
        use_sample_weights: bool = False,
        n_classes: int = 2,
    ) -> Any:
        """Scores over the measured cells, those whose weight is not 0; else as DeepChem's.

        Parameters
        ----------
        dataset
            Any DeepChem dataset.
        metrics
            A metric or function ``metric(y_true, y_pred) -> float``, or several.
        transformers
            Transformers of the dataset, undone before it is scored.
        per_task_metrics
            Whether to give the scores of each task, too.
        use_sample_weights
            Give the metric the weights of the measured cells; else they count alike.
        n_classes
            Number of classes of the labels, in classification.

        Returns
        -------
        The mean over tasks by the metric's name; with `per_task_metrics` a pair of it and the
        scores of each task. A task that the metric cannot score, such as one of a single measured
        class by ROC-AUC, or one without measured cells, has NaN, and no part in the mean.
        """
        return super().evaluate(
            dataset,
            _measured(metrics),
            list(transformers),
            per_task_metrics,
            use_sample_weights,
            n_classes,
        )

    def evaluate_generator(
        self,
        generator: Batches,
        metrics: Any,
        transformers: Sequence[Any] = (),
        per_task_metrics: bool = False,
    ) -> Any:
        """Like :meth:`evaluate`, for batches with labels and weights."""
        evaluator = GeneratorEvaluator(self, generator, list(transformers))
        return evaluator.compute_model_performance(
            _measured(metrics), per_task_metrics, n_classes=self.n_classes
        )

    def _predicted(self, x: Any) -> NDArray[np.float32]:
        columns = self._trained().predict_features(self._features(x))
        if self.mode == "regression":
            return columns[:, :, None]
        if self.n_classes == 2:
            return np.stack([1 - columns, columns], axis=2)
        return columns.reshape(len(columns), self.n_tasks, self.n_classes)

    def _embedded(self, x: Any) -> NDArray[np.float32]:
        return self._trained().embed_features(self._features(x))

    def _features(self, x: Any) -> Features:
        return arrays.features_of(self._trained(), self._inputs(x))

    def _trained(self) -> Model:
        if self.model is None:
            raise ConfigError("the model has no weights yet: fit it, or restore a checkpoint")
        return self.model

    def _inputs(self, x: Any) -> Any:
        """Rows as SMILES, or as an array ``(n, n_features) float32``."""
        expected = self.model is not None and arrays.reads_smiles(self.model)
        if (structures := arrays.smiles_of(x, expected=expected)) is not None:
            return structures
        try:
            x = np.asarray(x, dtype=np.float32)
        except (TypeError, ValueError):
            found = type(np.asarray(x, dtype=object).flat[0]).__name__
            raise arrays.DataError(
                f"X must be SMILES or an array of numbers (n, n_features), found {found}",
                hint="make X of SMILES with dc.feat.DummyFeaturizer, or of fingerprints; graphs "
                "are computed here, of SMILES, where the settings ask for them",
            ) from None
        if x.ndim != 2 or self.n_features not in (None, x.shape[1]):
            raise arrays.DataError(f"X must be (n, {self.n_features}), found {x.shape}")
        return x


def _measured(metrics: Any) -> list[MeasuredMetric]:
    return [MeasuredMetric(metric) for metric in _process_metric_input(metrics)]
