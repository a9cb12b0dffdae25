"""Two-step balancing (MAML-MTL, arXiv 2106.10595): tasks are judged after a step of their own."""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from bioassay_mtl.balance.balancer import Balancer, Update, balancers
from bioassay_mtl.balance.objective import Batch
from bioassay_mtl.balance.two_step.all_tasks import all_update
from bioassay_mtl.balance.two_step.own_task import TwoStepBatch, task_update
from bioassay_mtl.balance.two_step.task_sampling import sample_weights
from bioassay_mtl.config import Config
from bioassay_mtl.errors import ConfigError


class TwoStepConfig(Config):
    """Settings of :class:`TwoStep`.

    Parameters
    ----------
    inner_share
        Share of a batch's rows that the inner step reads (0.67 to 0.8 in the paper).
    inner_learning_rate
        Learning rate of the inner step; ``current`` for the optimizer's own at that step.
    scope
        Weights that the inner step changes: ``task``, towers and gates; ``all``, experts too.
    order
        1: the inner gradient counts as a constant; 2: the update is the exact gradient.
    tasks_per_step
        Number of tasks that a step reads, drawn anew each time and weighted by 1 / chance, so that
        the expected update is that of all tasks; None for all. With ``scope: all`` the cost of a
        step is proportional to it.
    task_sampling
        Chances ``uniform``, or proportional to 1 + the number of ``actives`` in the batch (of
        measured cells, for tasks that are not binary).
    chunk_size
        ``scope: all`` only: tasks computed side by side; memory is proportional to it.
    both_roles
        Whether the two parts of a batch change roles, so that all rows judge: the mean of two
        updates, at twice the cost. Halves have an ``inner_share`` of 0.5.
    """

    kind: Literal["two_step"] = "two_step"
    inner_share: Annotated[float, Field(gt=0, lt=1)] = 2 / 3
    inner_learning_rate: Annotated[float, Field(gt=0)] | Literal["current"] = "current"
    scope: Literal["task", "all"] = "task"
    order: Literal[1, 2] = 1
    tasks_per_step: Annotated[int, Field(ge=1)] | None = None
    task_sampling: Literal["uniform", "actives"] = "uniform"
    chunk_size: Annotated[int, Field(ge=1)] = 8
    both_roles: bool = False


@balancers.register("two_step")
class TwoStep(Balancer):
    """The gradient of ``sum_t c_t L_t(outer; theta_t')`` with respect to theta.

    The first ``inner_share`` of a batch's rows, which come in random order, are its inner rows.
    Every task takes a step of its own, ``theta_t' = theta - eta grad L_t(inner; theta)``, and is
    judged on the outer rows. ``L_t(inner)`` is the mean over the task's own measured cells, so that
    the length of the inner step does not depend on the other tasks; ``L_t(outer)`` is what the
    objective makes of the outer rows. ``c_t`` is 1, or 1 / chance for sampled tasks and 0 for
    others. A task without a measured inner cell takes no inner step; one without a measured outer
    cell has no loss. Closed connections stay closed. The recorded losses are those of the inner
    rows before the step. With ``both_roles`` both are means over the two ways to take the parts.
    """

    config_class = TwoStepConfig
    config: TwoStepConfig

    def forward(self, batch: Batch) -> Update:
        config = self.config
        n_inner = min(max(1, round(config.inner_share * len(batch))), len(batch) - 1)
        if not n_inner:  # a single row: nobody takes an inner step
            losses = batch.task_losses()
            return Update(losses.sum(), losses.detach())
        rate = config.inner_learning_rate
        rate = self.learning_rate if rate == "current" else rate
        if config.scope == "all" and batch.cells is not None:
            raise ConfigError(
                f"two_step: scope 'all' takes a step for each of {self.n_tasks:,} tasks, of which "
                "few are measured: scope 'task' works on measured cells"
            )
        update = self._update(TwoStepBatch(batch, n_inner, rate, config.order))
        if not config.both_roles:
            return update
        other = self._update(TwoStepBatch(batch, n_inner, rate, config.order, swapped=True))
        return Update(*((one + two) / 2 for one, two in zip(update, other, strict=True)))

    def _update(self, step: TwoStepBatch) -> Update:
        weights = self._weights(step)
        if self.config.scope == "task":
            return Update(*task_update(step, weights))
        return Update(*all_update(step, weights, self.config.chunk_size))

    def _weights(self, step: TwoStepBatch) -> Tensor | None:
        """``(T,)``: c_t; None for all tasks."""
        n = self.config.tasks_per_step
        if n is None:
            return None
        sizes = step.outer.present
        if self.config.task_sampling == "actives":
            n_actives, n_measured = _sums(step.batch)
            if (is_binary := step.objective.is_binary) is not None:
                n_actives = torch.where(is_binary, n_actives, n_measured)
            sizes = sizes * (1 + n_actives)
        weights = sample_weights(sizes.cpu().double(), n)  # which not every device has
        dtype = step.network.tower.bias.dtype
        return weights.to(device=sizes.device, dtype=dtype)


def _sums(batch: Batch) -> tuple[Tensor, Tensor]:
    """``(T,)``: sums of the targets, and of the weights, of each task's measured cells."""
    if (cells := batch.cells) is not None:
        return cells.per_task(cells.value), cells.per_task(cells.weights)
    targets, mask, *_ = batch.labels
    return torch.where(mask != 0, targets, 0.0).sum(dim=0), mask.sum(dim=0)
