"""MMoEEx as a model of DeepChem."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import deepchem as dc
import numpy as np
from deepchem.utils.evaluate import _process_metric_input
from numpy.typing import NDArray

from bioassay_mtl.adapters import arrays
from bioassay_mtl.adapters.deepchem.checkpoints import Checkpoints
from bioassay_mtl.adapters.deepchem.datasets import labels_of, task_names, undone
from bioassay_mtl.adapters.deepchem.metrics import MeasuredMetric
from bioassay_mtl.data.kinds import Binary, Multiclass, Regression, TaskKind
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.model import Model
from bioassay_mtl.training.config import TrainingConfig

log = logging.getLogger(__name__)


class MMoEExModel(dc.models.Model):
    """Stands where ``MultitaskClassifier`` or ``MultitaskRegressor`` stands in a DeepChem script.

    ``X`` of a dataset is an array ``(n, n_features)`` of bits, counts or real values, or text:
    SMILES, of which the model makes its own fingerprints. A cell of weight 0 (or whose label is
    NaN) is not measured; other weights multiply the cell's loss.

    Parameters
    ----------
    n_tasks
        Number T of tasks.
    n_features
        Columns of ``X``; None for SMILES, or not to be checked.
    model_dir
        Where model folders are kept, one a checkpoint; None for a temporary folder.
    mode
        What the labels are.
    n_classes
        Of every task, in classification.
    config
        Settings of :class:`bioassay_mtl.training.config.TrainingConfig` (``learning_rate``,
        ``batch_size``, ``network``, ``seed``, ...).

    Raises
    ------
    ConfigError
        A setting is unknown or out of its range.

    Examples
    --------
    >>> model = MMoEExModel(n_tasks=12, n_features=1024)
    >>> model.fit(train, nb_epoch=10)  # doctest: +SKIP
    >>> model.evaluate(test, [dc.metrics.Metric(dc.metrics.roc_auc_score)])  # doctest: +SKIP
    """

    def __init__(
        self,
        n_tasks: int,
        n_features: int | None = None,
        model_dir: str | Path | None = None,
        mode: Literal["classification", "regression"] = "classification",
        n_classes: int = 2,
        **config: Any,
    ) -> None:
        if mode not in ("classification", "regression"):
            raise ConfigError(f"mode: 'classification' or 'regression' is expected, found {mode!r}")
        TrainingConfig.of(config)  # faults show now, not after hours of featurizing
        super().__init__(model_dir=None if model_dir is None else str(model_dir))
        self.n_tasks, self.n_features = n_tasks, n_features
        self.mode, self.n_classes, self.config = mode, n_classes, config
        self.checkpoints = Checkpoints(Path(self.model_dir))
        self.model: Model | None = None

    def get_task_type(self) -> str:
        """``classification`` or ``regression``."""
        return self.mode

    def get_num_tasks(self) -> int:
        """Number of tasks."""
        return self.n_tasks

    def fit(
        self,
        dataset: Any,
        nb_epoch: int | None = None,
        max_checkpoints_to_keep: int = 5,
        checkpoint_interval: int = 1000,
        restore: bool = False,
        all_losses: list[float] | None = None,
    ) -> float:
        """Train on all rows; a model that is trained already goes on from its weights.

        Parameters
        ----------
        dataset
            Any DeepChem dataset.
        nb_epoch
            Passes over it; None for the setting ``epochs``.
        max_checkpoints_to_keep
            Older ones are removed.
        checkpoint_interval
            0: keep no checkpoint. Else there is one at the end.
        restore
            Go on from the newest checkpoint.
        all_losses
            The loss of each epoch is added to it.

        Returns
        -------
        Mean loss of the last epoch.

        Raises
        ------
        DataError
            The dataset does not have the model's tasks or features.
        """
        if restore:
            self.restore()
        x = self._inputs(dataset.X)
        labels, weights = labels_of(dataset, self.n_tasks)
        settings = dict(self.config)
        if nb_epoch is not None:
            settings["epochs"] = nb_epoch
        tasks = list(self.model.tasks) if self.model else task_names(dataset)
        kinds = [self._kind()] * self.n_tasks
        self.model = arrays.fit(
            x, labels, tasks, kinds, settings, weights=weights, start=self.model
        )
        losses = [float(epoch["loss"]) for epoch in self.model.training["history"]]
        if all_losses is not None:
            all_losses.extend(losses)
        if checkpoint_interval:
            self.save_checkpoint(max_checkpoints_to_keep)
        return losses[-1]

    def fit_on_batch(self, X: Any, y: Any, w: Any) -> float:
        """One pass over some rows, as :meth:`fit`, without a checkpoint."""
        return self.fit(dc.data.NumpyDataset(X, y, w), nb_epoch=1, checkpoint_interval=0)

    def predict(self, dataset: Any, transformers: Sequence[Any] = ()) -> NDArray[np.float32]:
        """Predictions of all rows.

        Parameters
        ----------
        dataset
            Any DeepChem dataset.
        transformers
            Undone, last first.

        Returns
        -------
        ``(n, T, n_classes)`` probabilities, or ``(n, T, 1)`` values; NaN where a SMILES cannot be
        used.
        """
        parts = [
            self.predict_on_batch(x)
            for x, _, _, _ in dataset.iterbatches(batch_size=4096, deterministic=True)
        ]
        return undone(np.concatenate(parts), transformers)

    def predict_on_batch(self, X: Any, transformers: Sequence[Any] = ()) -> NDArray[np.float32]:
        """As :meth:`predict`, for the rows of an array."""
        columns = arrays.predict(self._trained(), self._inputs(X))
        if self.mode == "regression":
            columns = columns[:, :, None]
        elif self.n_classes == 2:
            columns = np.stack([1 - columns, columns], axis=2)
        else:
            columns = columns.reshape(len(columns), self.n_tasks, self.n_classes)
        return undone(columns, transformers)

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
            Of the dataset, undone before it is scored.
        per_task_metrics
            Also give the scores of each task.
        use_sample_weights
            Give the metric the weights of the measured cells; else they count alike.
        n_classes
            Of the labels, in classification.

        Returns
        -------
        The mean over tasks by the metric's name; with `per_task_metrics` a pair of it and the
        scores of each task. A task that the metric cannot score, such as one of a single measured
        class by ROC-AUC, or one without measured cells, has NaN, and no part in the mean.
        """
        measured = [MeasuredMetric(metric) for metric in _process_metric_input(metrics)]
        return super().evaluate(
            dataset, measured, list(transformers), per_task_metrics, use_sample_weights, n_classes
        )

    def predict_uncertainty(self, dataset: Any, masks: int = 50) -> Any:
        """Refused, as by ``MultitaskClassifier``: a model predicts no variances.

        Raises
        ------
        NotImplementedError
            Always.
        """
        raise NotImplementedError(
            "MMoEExModel predicts no uncertainty: fit several with seed=0, 1, 2, ... and look at "
            "how far their predictions scatter"
        )

    def save_checkpoint(
        self, max_checkpoints_to_keep: int = 5, model_dir: str | Path | None = None
    ) -> None:
        """Keep the present weights as the newest checkpoint, a model folder of this package."""
        self._checkpoints(model_dir).add(self._trained(), max_checkpoints_to_keep)

    def get_checkpoints(self, model_dir: str | Path | None = None) -> list[str]:
        """Model folders, the newest first; ``bioassay_mtl.load`` reads them, too."""
        return [str(folder) for folder in self._checkpoints(model_dir).folders()]

    def save(self) -> None:
        """Write the newest checkpoint, in the place of the one that is there."""
        self.checkpoints.replace(self._trained())

    def restore(
        self, checkpoint: str | Path | None = None, model_dir: str | Path | None = None
    ) -> None:
        """Read a checkpoint, by default the newest.

        Raises
        ------
        ModelFolderError
            There is none, or it is damaged.
        ConfigError
            It is of a model with other tasks.
        """
        if checkpoint is None:
            checkpoint = self._checkpoints(model_dir).newest()
        found = Model.load(checkpoint)
        if found.kinds != (self._kind(),) * self.n_tasks:
            raise ConfigError(
                f"{checkpoint} is a model with other tasks than {self.n_tasks} of {self._kind()!r}"
            )
        self.model = found

    def reload(self) -> None:
        """Read the newest checkpoint."""
        self.restore()

    def _checkpoints(self, model_dir: str | Path | None) -> Checkpoints:
        return self.checkpoints if model_dir is None else Checkpoints(Path(model_dir))

    def _kind(self) -> TaskKind:
        if self.mode == "regression":
            return Regression()
        if self.n_classes == 2:
            return Binary()
        return Multiclass(classes=tuple(str(number) for number in range(self.n_classes)))

    def _trained(self) -> Model:
        if self.model is None:
            raise ConfigError("the model has no weights yet: fit it, or restore a checkpoint")
        return self.model

    def _inputs(self, x: Any) -> Any:
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
