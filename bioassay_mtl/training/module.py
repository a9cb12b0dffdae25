"""The Lightning module: one network, one panel on the device, one loss."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from bioassay_mtl.balance import Batch, Objective, build_balancer, positive_weights
from bioassay_mtl.balance.balancer import Update
from bioassay_mtl.balance.ranks import dealt_out, mean_of_ranks
from bioassay_mtl.balance.reductions import reductions
from bioassay_mtl.data.metrics import macro_average_precision
from bioassay_mtl.training.averaging import WeightAverage
from bioassay_mtl.training.batches import ResidentData, epoch_batches, seed_of, share
from bioassay_mtl.training.config import TrainingConfig

SCORE = "valid_average_precision"
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
    """

    def __init__(
        self,
        network: Any,
        config: TrainingConfig,
        data: ResidentData,
        train_rows: Tensor,
        valid_rows: Tensor,
        tasks: Sequence[str] | None = None,
    ) -> None:
        super().__init__()
        self.network, self.settings, self.data = network, config, data
        self.train_rows, self.valid_rows = train_rows, valid_rows
        self.first_epoch = 0
        self.average = WeightAverage(network, config.average)
        self.history: list[dict[str, float]] = []
        labels = data.labels[train_rows]
        n_actives, n_inactives = (labels == 1).sum(0), (labels == 0).sum(0)
        weight = positive_weights(n_actives, n_inactives, config.positive_weight)
        self.objective = Objective(
            partial(config.loss, positive_weight=weight),
            reductions[config.reduction],
            expert_loss=config.expert_loss,
            decoupled=config.decoupled,
        )
        tasks = tasks or [str(number) for number in range(labels.shape[1])]
        self.balancer = build_balancer(config.balance, tasks).to(labels.device)
        self._row_weights = config.sampling.weights(labels.cpu())
        self._steps_per_epoch = len(self._batches(0))
        self._scores: list[Tensor] = []
        self._losses: list[Tensor] = []
        start_at_base_rates(network, n_actives, n_inactives)

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
        self.average.update(self.epoch * self._steps_per_epoch + batch_idx + 1)

    def record_epoch(self) -> dict[str, float]:
        """Number, mean loss and score of the epoch that ends, also added to the history."""
        loss = mean_of_ranks(torch.stack(self._losses).mean())
        record = {"epoch": self.epoch + 1, "loss": float(loss)}
        self.log("loss", record["loss"])
        if len(self.valid_rows):
            record[SCORE] = float(self.trainer.callback_metrics[SCORE])
        self.history.append(record)
        return record

    def on_validation_epoch_start(self) -> None:
        self._scores = []

    def validation_step(self, rows: Tensor, batch_idx: int) -> None:
        with self.average.applied():
            self._scores.append(self.network(self.data.inputs(rows)).float())

    def on_validation_epoch_end(self) -> None:
        labels = self.data.labels[self.valid_rows].cpu().numpy()
        logits = dealt_out(torch.cat(self._scores), len(labels)).cpu().numpy()
        score = macro_average_precision(labels, logits)
        self.log(SCORE, score)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        settings = self.settings
        factors = {
            parameter: group.config.learning_rate_factor
            for group in self.network.groups
            for parameter in group.parameters()
        }
        groups: dict[tuple[float, float], list[Tensor]] = {}
        for name, parameter in self.network.named_parameters():
            decay = settings.weight_decay
            if name.startswith("gate."):
                decay = self.network.gate.config.weight_decay
            if name.endswith("bias"):
                decay = 0.0
            groups.setdefault((decay, factors.get(parameter, 1.0)), []).append(parameter)
        if learned := list(self.balancer.parameters()):
            groups.setdefault((0.0, 1.0), []).extend(learned)
        return torch.optim.AdamW(
            [
                {"params": members, "weight_decay": decay, "factor": factor}
                for (decay, factor), members in groups.items()
            ],
            lr=settings.learning_rate,
            fused=True,
        )


def schedule(config: TrainingConfig, step: int, n_steps: int) -> float:
    """Share of the learning rate at one step (from 0) of ``n_steps``."""
    warmup = max(1.0, config.warmup * n_steps)
    rise = min(1.0, (step + 1) / warmup)
    progress = min(1.0, step / max(1, n_steps))
    fall = {
        "cosine": 0.5 * (1 + math.cos(math.pi * progress)),
        "linear": 1 - progress,
        "constant": 1.0,
    }[config.schedule]
    return rise * (0.02 + 0.98 * fall)


@torch.no_grad()
def start_at_base_rates(network: Any, n_actives: Tensor, n_inactives: Tensor) -> None:
    """Set the towers' biases to the (smoothed) log-odds of each task on the training rows."""
    share = (n_actives + 1) / (n_actives + n_inactives + 50)
    network.tower.bias.copy_(torch.logit(share.clamp(1e-4, 1 - 1e-4)))
