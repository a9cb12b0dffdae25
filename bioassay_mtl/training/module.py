"""What a run is made of: one network, one panel on the device, one loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from bioassay_mtl.balance import Batch, build_balancer
from bioassay_mtl.balance.balancer import Update
from bioassay_mtl.nn.heads.binary import base_logit
from bioassay_mtl.training.averaging import WeightAverage
from bioassay_mtl.training.batches import ResidentData, batch_size, epoch_batches
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.objective import build_objective
from bioassay_mtl.training.optimizer import build_optimizer, schedule
from bioassay_mtl.training.sampling import outcomes
from bioassay_mtl.training.score import ValidationScore


class TrainingModule(nn.Module):
    """A network, what it learns from, and the state of its learning; steps are taken elsewhere.

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

    Attributes
    ----------
    history
        Records of the epochs so far.
    n_steps
        Steps of an epoch.
    losses
        Sums of the tasks' losses of the steps of this epoch, on the device.
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
        self.history: list[dict[str, float]] = []
        self.losses: list[Tensor] = []
        labels = data.labels[train_rows]
        tasks = tasks or [str(number) for number in range(labels.shape[1])]
        self.objective = build_objective(config, network.outputs, labels, tasks)
        self.balancer = build_balancer(config.balance, tasks).to(labels.device)
        self._row_weights = config.sampling.weights(outcomes(labels.cpu(), network.outputs.kinds))
        self.n_steps = len(self.batches(0))
        if not started:
            start_at_base_rates(network, labels)
        self.average = WeightAverage(network, config.average)
        self.optimizer = build_optimizer(network, self.balancer, config)
        self.score = ValidationScore(network.outputs, network.tower.bias, config.value_loss)

    @property
    def epoch(self) -> int:
        """Number of the coming epoch, from 0: that of the whole run, resumed or not."""
        return len(self.history)

    def batches(self, epoch: int) -> list[Tensor]:
        """Row numbers of each step of an epoch."""
        size = batch_size(self.settings.batch_size, len(self.train_rows))
        return epoch_batches(self.train_rows, size, self.settings.seed, epoch, self._row_weights)

    def forward(self, rows: Tensor) -> Tensor:
        """The loss of a step on some rows, whose gradient is the update."""
        update: Update = self.balancer(Batch(self.network, self.objective, self.data, rows))
        self.losses.append(update.task_losses.sum())
        return update.loss

    def set_rate(self, step: int) -> None:
        """Set the learning rate of a step, which is counted from 0 over the whole run."""
        share = schedule(self.settings, step, self.settings.epochs * self.n_steps)
        rate = self.settings.learning_rate * share
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["factor"]
        self.balancer.learning_rate = rate

    def outputs(self, rows: Tensor) -> Tensor:
        """``(B, O)`` of the averaged weights, at least in single precision."""
        with self.average.applied():
            outputs: Tensor = self.network(self.data.inputs(rows))
        return outputs.float()

    def score_of(self, outputs: Tensor) -> float:
        """The score of the validation rows' outputs ``(n, O)``, on the CPU."""
        labels, bounds = self.data.labels[self.valid_rows].cpu(), self.data.bounds
        bounds = None if bounds is None else bounds[self.valid_rows].cpu()
        return self.score(outputs, labels, bounds)


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
