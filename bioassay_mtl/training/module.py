"""The Lightning module: one network, one panel on the device, one loss."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from bioassay_mtl.balance import Batch, build_balancer
from bioassay_mtl.balance.balancer import Update
from bioassay_mtl.balance.ranks import dealt_out, mean_of_ranks
from bioassay_mtl.errors import TrainingError
from bioassay_mtl.nn.heads.binary import base_logit
from bioassay_mtl.training.averaging import WeightAverage
from bioassay_mtl.training.batches import ResidentData, epoch_batches, seed_of, share
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.objective import build_objective
from bioassay_mtl.training.optimizer import build_optimizer, schedule
from bioassay_mtl.training.sampling import outcomes
from bioassay_mtl.training.score import ValidationScore

_EVALUATION_ROWS = 2048


class TrainingModule(pl.LightningModule):
    """Trains a network on rows of resident data.

    Parameters
    ----------
    network
        A module of :mod:`bioassay_mtl.nn`.
    config
        Settings of the run.
    data
        Features and labels of all rows.
    train_rows, valid_rows
        Row numbers.
    tasks
        Names of the tasks; None for their numbers.
    started
        Whether the towers' biases know more than the base rates of the training rows.
    """

    def __init__(
        self,
        network: Any,
        config: TrainingConfig,
        data: ResidentData,
        train_rows: Tensor,
        valid_rows: Tensor,
        tasks: Sequence[str] | None = None,
        *,
        started: bool = False,
    ) -> None:
        super().__init__()
        self.network, self.settings, self.data = network, config, data
        self.train_rows, self.valid_rows = train_rows, valid_rows
        self.first_epoch = 0
        self.history: list[dict[str, float]] = []
        labels = data.labels[train_rows]
        tasks = tasks or [str(number) for number in range(labels.shape[1])]
        self.objective = build_objective(config, network.outputs, labels, tasks)
        self.balancer = build_balancer(config.balance, tasks).to(labels.device)
        self._row_weights = config.sampling.weights(outcomes(labels.cpu(), network.outputs.kinds))
        self._steps_per_epoch = len(self._batches(0))
        self._scores: list[Tensor] = []
        self._losses: list[Tensor] = []
        if not started:
            start_at_base_rates(network, labels)
        self.average = WeightAverage(network, config.average)
        self.score = ValidationScore(network.outputs, network.tower.bias, config.value_loss)

    @property
    def epoch(self) -> int:
        """Number of the epoch since the start of the whole run, resumed or not."""
        return int(self.current_epoch) + self.first_epoch

    def _batches(self, epoch: int) -> list[Tensor]:
        size = self.settings.batch_size or min(1024, max(32, len(self.train_rows) // 30))
        return epoch_batches(self.train_rows, size, self.settings.seed, epoch, self._row_weights)

    def train_dataloader(self) -> Iterable[Tensor]:
        n = self.trainer.world_size
        # Shares of one size: the mean of the ranks' losses is the loss of the batch.
        whole = [rows[: len(rows) - len(rows) % n] for rows in self._batches(self.epoch)]
        batches = [share(rows, self.global_rank, n) for rows in whole]
        return DataLoader(batches, batch_size=None)  # type: ignore[arg-type]

    def val_dataloader(self) -> Iterable[Tensor]:
        if not len(self.valid_rows):
            return []
        rows = share(self.valid_rows, self.global_rank, self.trainer.world_size)
        return DataLoader(rows.split(_EVALUATION_ROWS), batch_size=None)

    def on_train_epoch_start(self) -> None:
        self._losses = []
        self.balancer.start_epoch(self.epoch)

    def on_train_batch_start(self, batch: Tensor, batch_idx: int) -> None:
        step = self.epoch * self._steps_per_epoch + batch_idx
        # Dropout draws from the global generator, and so do loaders: with a seed for every step, a
        # resumed run draws what an unbroken one draws. Each rank draws its own.
        seed = seed_of(self.settings.seed, self.epoch, batch_idx, self.global_rank)
        torch.manual_seed(seed)
        rate = self.settings.learning_rate * schedule(
            self.settings, step, self.settings.epochs * self._steps_per_epoch
        )
        for group in self.optimizers().param_groups:
            group["lr"] = rate * group["factor"]
        self.balancer.learning_rate = rate

    def training_step(self, rows: Tensor, batch_idx: int) -> Tensor:
        update: Update = self.balancer(Batch(self.network, self.objective, self.data, rows))
        self._losses.append(update.task_losses.sum())
        return update.loss

    def on_train_batch_end(self, outputs: Any, batch: Tensor, batch_idx: int) -> None:
        step = self.epoch * self._steps_per_epoch + batch_idx + 1
        self.average.update(step, last=batch_idx + 1 == self._steps_per_epoch)

    def record_epoch(self) -> dict[str, float]:
        """Number, mean loss and score of the epoch that ends, also added to the history.

        Raises
        ------
        TrainingError
            The loss or the weights are not finite.
        """
        loss = mean_of_ranks(torch.stack(self._losses).mean())
        self._require_finite(loss, *self.average.average)
        record = {"epoch": self.epoch + 1, "loss": float(loss)}
        self.log("loss", record["loss"])
        if len(self.valid_rows):
            record[self.score.name] = float(self.trainer.callback_metrics[self.score.name])
        self.history.append(record)
        return record

    def on_validation_epoch_start(self) -> None:
        self._scores = []

    def validation_step(self, rows: Tensor, batch_idx: int) -> None:
        with self.average.applied():
            self._scores.append(self.network(self.data.inputs(rows)).float())

    def on_validation_epoch_end(self) -> None:
        labels, bounds = self.data.labels[self.valid_rows].cpu(), self.data.bounds
        outputs = dealt_out(torch.cat(self._scores), len(labels)).cpu()
        bounds = None if bounds is None else bounds[self.valid_rows].cpu()
        self._require_finite(outputs)
        self.log(self.score.name, self.score(outputs, labels, bounds))

    def _require_finite(self, *values: Tensor) -> None:
        if not all(bool(each.isfinite().all()) for each in values):
            raise TrainingError(
                f"training diverged in epoch {self.epoch + 1}, its loss is not finite: lower "
                "learning_rate, or bound the gradient with gradient_clip"
            )

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return build_optimizer(self.network, self.balancer, self.settings)


@torch.no_grad()
def start_at_base_rates(network: Any, labels: Tensor) -> None:
    """Set the towers' biases to the (smoothed) base rates of the training rows ``(n, T)``.

    For a binary task that is its log-odds, see :mod:`bioassay_mtl.nn.heads` for others.
    """
    if labels.is_floating_point():
        start = network.outputs.start(labels)
    else:
        start = base_logit((labels == 1).sum(0), (labels == 0).sum(0))
    network.tower.bias.copy_(start)
