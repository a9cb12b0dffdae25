"""Module that is trained: one network, one panel on the device, one loss."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from bioassay_mtl.balance import Batch, build_balancer
from bioassay_mtl.balance.balancer import Update
from bioassay_mtl.nn.reparameterized.attached import Made
from bioassay_mtl.nn.rows import RowIndices, Rows
from bioassay_mtl.tasks.measured import MeasuredCells
from bioassay_mtl.training.averaging import WeightAverage
from bioassay_mtl.training.batches import ResidentData, batch_size, epoch_batches
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.objective import build_objective
from bioassay_mtl.training.optimizer import build_optimizer, schedule
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
        Row indices.
    tasks
        Names of the tasks; None for their numbers.
    started
        Whether the towers' biases know more than the base rates of the training rows.
    made
        Maker of some of the network's weights; None where they learn by themselves.

    Attributes
    ----------
    history
        Records of the epochs so far.
    n_steps
        Steps of an epoch.
    weigh
        Map from the loss of a step to its factor, beside those of other panels; None for 1.
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
        made: Made | None = None,
    ) -> None:
        super().__init__()
        self.made = made
        self.weigh: Callable[[Tensor], Tensor] | None = None
        self.network, self.settings, self.data = network, config, data
        self.train_rows, self.valid_rows = train_rows, valid_rows
        self._rows = Rows.of(train_rows)
        self.history: list[dict[str, float]] = []
        self.losses: list[Tensor] = []
        cells = data.cells.take(train_rows.cpu().numpy())
        tasks = tasks or [str(number) for number in range(cells.n_tasks)]
        self.objective = build_objective(
            config, network.outputs, cells, tasks, data.device, sparse=data.is_sparse
        )
        self.balancer = build_balancer(config.balance, tasks).to(data.device)
        self._row_weights = config.sampling.of_cells(cells, network.outputs.kinds)
        self.n_steps = len(self.batches(0))
        if not started:
            start_at_base_rates(network, cells)
        self.average = WeightAverage(network, config.average)
        self.optimizer = build_optimizer(
            network, self.balancer, config, made.weights if made else ()
        )
        self.score = ValidationScore(network.outputs, network.tower.bias, config.value_loss)

    @property
    def epoch(self) -> int:
        """Number of the coming epoch, from 0: that of the whole run, resumed or not."""
        return len(self.history)

    def batches(self, epoch: int) -> list[RowIndices]:
        """Row indices of each step of an epoch."""
        size = batch_size(self.settings.batch_size, len(self.train_rows))
        return epoch_batches(self._rows, size, self.settings.seed, epoch, self._row_weights)

    def forward(self, rows: RowIndices) -> Tensor:
        """The loss of a step on some rows, whose gradient is the update."""
        update: Update = self.balancer(Batch(self.network, self.objective, self.data, rows))
        total = update.task_losses.sum()
        self.losses.append(total)
        return update.loss if self.weigh is None else update.loss * self.weigh(total)

    @property
    def learned(self) -> list[Tensor]:
        """All that has a gradient after a backward pass, as a bound of it sees it."""
        found = [each for group in self.optimizer.param_groups for each in group["params"]]
        return found if self.made is None else [*found, *self.made.pull_back()]

    def learn(self) -> None:
        """Take a step by the gradients that are there."""
        self.optimizer.step()
        if self.made is not None:
            self.made.step(self.balancer.learning_rate, self.settings.weight_decay)

    def set_rate(self, step: int) -> None:
        """Set the learning rate of a step, which is counted from 0 over the whole run."""
        share = schedule(self.settings, step, self.settings.epochs * self.n_steps)
        rate = self.settings.learning_rate * share
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["factor"]
        self.balancer.learning_rate = rate

    def outputs(self, rows: RowIndices) -> Tensor:
        """``(B, O)`` of the averaged weights, at least in single precision; or ``(P,)``.

        If few cells are measured, they are those of the measured cells alone.
        """
        network, inputs = self.network, self.data.inputs(rows)
        with self.average.applied():
            if self.data.is_sparse:
                experts, gates = network.experts(inputs), network.mixing_weights(inputs)
                pairs = self.data.cell_targets(rows).pairs
                outputs: Tensor = network.tower.at(experts, gates, pairs)
            else:
                outputs = network(inputs)
        return outputs.float()

    def score_of(self, outputs: Tensor) -> float:
        """The score of the validation rows' outputs, on the CPU: see :meth:`outputs`."""
        cells = self.data.cells.take(self.valid_rows.cpu().numpy())
        return self.score(outputs, cells)


@torch.no_grad()
def start_at_base_rates(network: Any, cells: MeasuredCells) -> None:
    """Set the towers' biases to the (smoothed) base rates of the cells of the training rows.

    For a binary task that is its log-odds, see :mod:`bioassay_mtl.nn.heads` for others.
    """
    network.tower.bias.copy_(network.outputs.start(cells))
