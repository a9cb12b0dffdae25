"""MMoEEx as a model of DeepChem."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Literal

import deepchem as dc
import numpy as np

from bioassay_mtl.adapters import arrays
from bioassay_mtl.adapters.deepchem.beginning import begun, config_for, forget_domain, learned_from
from bioassay_mtl.adapters.deepchem.datasets import (
    Part,
    Rows,
    labels_of,
    only,
    parts_of,
    rows_of,
    task_names,
)
from bioassay_mtl.adapters.deepchem.keeping import KeptModel
from bioassay_mtl.adapters.deepchem.learner import Learner
from bioassay_mtl.adapters.deepchem.losses import LossFunction
from bioassay_mtl.adapters.deepchem.material import Material, panel_of
from bioassay_mtl.adapters.deepchem.predictions import Batches
from bioassay_mtl.adapters.deepchem.running import Callbacks, Wishes, run
from bioassay_mtl.adapters.deepchem.settings import Settings
from bioassay_mtl.adapters.deepchem.steps import batch_steps, epoch_steps
from bioassay_mtl.errors import ConfigError, MissingExtraError
from bioassay_mtl.models.scaling import N_QUANTILES
from bioassay_mtl.training.batches import batch_size

log = logging.getLogger(__name__)

FIRST_ROWS = 1024
"""Rows of a generator that a model without weights waits for, if there are as many: they tell what
`X` holds, how its columns are scaled, and the base rates of the tasks."""


class MMoEExModel(KeptModel):
    """Stands where ``MultitaskClassifier`` or ``MultitaskRegressor`` stands in a DeepChem script.

    ``X`` of a dataset is an array ``(n, n_features)`` of bits, counts or real values; or SMILES or
    RDKit molecules, of which the model makes its own fingerprints. A cell of weight 0 (or whose
    label is NaN) is not measured; other weights multiply the cell's loss.

    Parameters
    ----------
    n_tasks
        Number T of tasks.
    n_features
        Columns of ``X``; None for SMILES, or not to be checked.
    model_dir
        Folder of the checkpoints, each a model folder; None for a temporary one.
    mode
        Kind of the labels.
    n_classes
        Number of classes of every task, in classification.
    log_frequency
        Steps between two mean losses.
    tensorboard
        Whether losses are written to ``model_dir`` for TensorBoard.
    wandb_logger
        A ``dc.models.WandbLogger`` that gets losses, too.
    settings
        Settings of :class:`bioassay_mtl.training.config.TrainingConfig` (``learning_rate``,
        ``batch_size``, ``network``, ``seed``, ...). Of DeepChem's own, ``layer_sizes``,
        ``dropouts`` and ``activation_fns`` (one value for all layers), ``optimizer``, ``device``
        and schedules as ``learning_rate`` are obeyed; of the others the error says what stands in
        their place.

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
        log_frequency: int = 100,
        tensorboard: bool = False,
        wandb_logger: Any = None,
        **settings: Any,
    ) -> None:
        if mode not in ("classification", "regression"):
            raise ConfigError(f"mode: 'classification' or 'regression' is expected, found {mode!r}")
        if log_frequency < 1:
            raise ConfigError(f"log_frequency: 1 or more is expected, found {log_frequency}")
        self.settings = Settings.of(settings)
        super().__init__(model_dir=None if model_dir is None else str(model_dir))
        self.n_tasks, self.n_features = n_tasks, n_features
        self.mode, self.n_classes, self.config = mode, n_classes, self.settings.config
        self.log_frequency, self.tensorboard = log_frequency, tensorboard
        self.wandb_logger = _set_up(wandb_logger, self.config)
        self._n_rows = 0

    @property
    def batch_size(self) -> int:
        """Rows of a step: the setting, or about a thirtieth of the dataset that is learned."""
        set_to: int | None = self.config.get("batch_size")
        return set_to or (batch_size(None, self._n_rows) if self._n_rows else 100)

    @property
    def optimizer(self) -> Any:
        """The optimizer, as one of ``dc.models.optimizers``."""
        if self.settings.optimizer is not None:
            return self.settings.optimizer
        config = self.settings.checked
        rate = self.settings.schedule or config.learning_rate
        return dc.models.optimizers.AdamW(rate, weight_decay=config.weight_decay)

    @property
    def loss(self) -> Any:
        """Settings of the loss of a cell."""
        config = self.settings.checked
        return config.value_loss if self.mode == "regression" else config.loss

    def fit(
        self,
        dataset: Any,
        nb_epoch: int | None = None,
        max_checkpoints_to_keep: int = 5,
        checkpoint_interval: int = 1000,
        deterministic: bool = False,
        restore: bool = False,
        variables: Sequence[Any] | None = None,
        loss: LossFunction | None = None,
        callbacks: Callbacks = (),
        all_losses: list[float] | None = None,
    ) -> float:
        """Train on all rows; a model that is trained already goes on.

        The learning rate rises and falls once in a call, unless a schedule of DeepChem's is set.
        The optimizer keeps its state from call to call.

        Parameters
        ----------
        dataset
            Any DeepChem dataset; of a ``DiskDataset`` a few thousand rows are read at a time, and
            kept packed.
        nb_epoch
            Passes over it; None for the setting ``epochs``.
        max_checkpoints_to_keep
            Older ones are removed.
        checkpoint_interval
            Steps between two checkpoints; there is one at the end, too. 0: none.
        deterministic
            Whether rows keep their order, in place of a new one in each epoch.
        restore
            Go on from the newest checkpoint.
        variables
            Parameters of ``model.network`` that may change; None for all.
        loss
            ``loss(outputs, labels, weights)`` of a batch in place of the model's own: lists of one
            tensor, logits ``(B, T, n_classes)`` and one-hot labels, or values ``(B, T, 1)`` and
            labels ``(B, T)``.
        callbacks
            Called after each step with this model and the number of its steps.
        all_losses
            The mean loss of every ``log_frequency`` steps is added to it, and that of the last.

        Returns
        -------
        The last of these means.

        Raises
        ------
        DataError
            The dataset does not have the model's tasks or features, or no cell is measured.
        """
        wishes = Wishes(
            max_checkpoints_to_keep, checkpoint_interval, variables, loss, callbacks, all_losses
        )
        if restore:
            self.restore()
        if type(self).default_generator is not KeptModel.default_generator:
            n_epochs = self.settings.checked.epochs if nb_epoch is None else nb_epoch
            batches = self.default_generator(dataset, n_epochs, deterministic=deterministic)
            return self._fit_batches(batches, wishes)
        rows = rows_of(parts_of(dataset, self.n_tasks, self._inputs), self._recipe())
        material, learner = self._learning(rows, task_names(dataset))
        learned_from(material, learner.model)
        self._n_rows = len(material.usable)
        n_epochs = learner.config.epochs if nb_epoch is None else nb_epoch
        steps = epoch_steps(learner, material, n_epochs, in_order=deterministic)
        return run(self, learner, steps, wishes)

    def fit_generator(
        self,
        generator: Batches,
        max_checkpoints_to_keep: int = 5,
        checkpoint_interval: int = 1000,
        restore: bool = False,
        variables: Sequence[Any] | None = None,
        loss: LossFunction | None = None,
        callbacks: Callbacks = (),
        all_losses: list[float] | None = None,
    ) -> float:
        """Take a step for each batch, at a constant rate (or that of a schedule of DeepChem's).

        Parameters
        ----------
        generator
            Batches of ``(inputs, labels, weights)``, each an array or a list of one, as
            :meth:`default_generator` gives. A model without weights learns what ``X`` holds, the
            scaling of its columns, the units of values and the base rates from the first thousand
            rows.
        max_checkpoints_to_keep, checkpoint_interval, restore
            See :meth:`fit`.
        variables, loss, callbacks, all_losses
            See :meth:`fit`.

        Returns
        -------
        Mean loss of the last steps.

        Raises
        ------
        DataError
            A batch does not fit the model, or no cell of any is measured.
        """
        if restore:
            self.restore()
        wishes = Wishes(
            max_checkpoints_to_keep, checkpoint_interval, variables, loss, callbacks, all_losses
        )
        return self._fit_batches(generator, wishes)

    def _fit_batches(self, generator: Batches, wishes: Wishes) -> float:
        parts: Iterator[Part] = map(self._part, generator)
        if self._learner is None:
            is_known = self._origin is not None and self._origin.whole
            first = _first(parts, 1 if is_known else FIRST_ROWS)
            rows = rows_of(first, self._recipe())
            if not is_known:
                _warn_of_few(rows)
            material, learner = self._learning(rows, [str(task) for task in range(self.n_tasks)])
            if "panel_sha256" not in learner.model.training:
                learned_from(material, learner.model, in_part=True)
            parts = chain(first, parts)
        assert self._learner is not None
        self._learner.model.training_molecules = None  # those of batches are not known
        forget_domain(self._learner.model)
        steps = batch_steps(self._learner, map(self._material, parts))
        return run(self, self._learner, steps, wishes)

    def fit_on_batch(
        self,
        X: Any,
        y: Any,
        w: Any = None,
        variables: Sequence[Any] | None = None,
        loss: LossFunction | None = None,
        callbacks: Callbacks = (),
        checkpoint: bool = True,
        max_checkpoints_to_keep: int = 5,
    ) -> float:
        """One step on some rows.

        Parameters
        ----------
        X, y, w
            Inputs, labels and weights; None for weights of 1.
        variables, loss, callbacks, max_checkpoints_to_keep
            See :meth:`fit`.
        checkpoint
            Whether a checkpoint is kept after it.

        Returns
        -------
        The loss on these rows, before the step.

        Raises
        ------
        DataError
            The rows do not fit the model, or no cell of them is measured.
        """
        batch = ([np.asarray(X)], [y], [w])
        if np.isnan(self._part(batch)[1]).all():
            rows_of([self._part(batch)])  # says so
        interval = self.get_global_step() + 3 if checkpoint else 0  # at the end alone
        wishes = Wishes(max_checkpoints_to_keep, interval, variables, loss, callbacks)
        return self._fit_batches([batch], wishes)

    def _part(self, batch: tuple[Any, Any, Any]) -> Part:
        """A batch, checked."""
        inputs, y, w = batch
        x, y, w = self._inputs(only(inputs)), only(y, "label"), only(w, "weight")
        is_missing = w is None or (isinstance(w, list) and (not w or w[0] is None))
        return (x, *labels_of(y, None if is_missing else w, self.n_tasks))

    def _material(self, part: Part) -> Material | None:
        """A batch for a model that learns; None where nothing is measured."""
        assert self._learner is not None
        if np.isnan(part[1]).all():
            return None
        model = self._learner.model
        rows = rows_of([part], self._recipe())
        return Material.of(panel_of(rows, model.tasks, model.kinds), rows.weights, model.featurizer)

    def _recipe(self) -> dict[str, Any] | None:
        """Settings of the input that holds an array, as far as a model knows them."""
        model = self._origin.model if self._learner is None and self._origin else self.model
        if model is None or arrays.reads_smiles(model):
            return None
        found: dict[str, Any] = model.featurizer.fingerprints[arrays.INPUT].model_dump()
        return found

    def _learning(self, rows: Rows, tasks: Sequence[str]) -> tuple[Material, Learner]:
        """Rows for a learner, which is made of them where there is none."""
        known = self.model
        tasks = tasks if known is None else known.tasks
        panel = panel_of(rows, tasks, [self._kind()] * self.n_tasks)
        if self._learner is not None:
            featurizer = self._learner.model.featurizer
            return Material.of(panel, rows.weights, featurizer), self._learner
        config, chosen = config_for(panel, rows.recipe, self.settings, self._origin)
        material = Material.of(panel, rows.weights, config.featurizer())
        learner = begun(material, config, chosen, self.settings, self._origin)
        if self._state is not None:
            self._state.put(learner)
        self._learner, self._origin, self._state = learner, None, None
        return material, learner

    def tell(self, loss: float, step: int) -> None:
        """Pass a mean loss on to TensorBoard and Weights & Biases, where these are wished for."""
        if self.tensorboard:
            self._log_scalar_to_tensorboard("loss", loss, step)
        if self.wandb_logger is not None:
            self.wandb_logger.log_data({"train/loss": loss}, step=step)

    def _log_scalar_to_tensorboard(self, name: str, value: float, step: int) -> None:
        """Log one scalar; ``ValidationCallback`` calls it, too."""
        if not hasattr(self, "_summary_writer"):
            self._summary_writer = _summary_writer(self.model_dir)
        self._summary_writer.add_scalar(name, value, step)
        self._summary_writer.flush()


def _first(parts: Iterator[Part], n_rows: int) -> list[Part]:
    """First parts that have so many rows with a measured cell, or all."""
    found: list[Part] = []
    for part in parts:
        found.append(part)
        if sum(int((weights > 0).any(axis=1).sum()) for _, _, weights in found) >= n_rows:
            break
    return found


def _warn_of_few(rows: Rows) -> None:
    is_dense = rows.recipe is not None and rows.recipe["kind"] == "dense"
    if is_dense and len(rows.labels) < N_QUANTILES:
        log.warning(
            "the columns of X are scaled by the first %d rows, for good: call fit with a whole "
            "dataset first, if there are more",
            len(rows.labels),
        )


def _set_up(logger: Any, config: dict[str, Any]) -> Any:
    if logger is not None:
        if not logger.initialized:
            logger.setup()
        logger.update_config(dict(config))
    return logger


def _summary_writer(folder: str) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise MissingExtraError("tensorboard", "tensorboard") from error
    return SummaryWriter(folder)
