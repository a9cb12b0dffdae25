"""A run as DeepChem's: mean losses and checkpoints on the way, callbacks after each step."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from bioassay_mtl.adapters.deepchem.learner import Learner
from bioassay_mtl.adapters.deepchem.losses import LossFunction, of_function
from bioassay_mtl.adapters.deepchem.steps import Step

log = logging.getLogger(__name__)

Callback = Callable[[Any, int], Any]
"""Called after each step with the model and the number of steps that were taken."""

Callbacks = Callback | Sequence[Callback]


@dataclass(frozen=True)
class Wishes:
    """Arguments that all ways to fit have; see :meth:`MMoEExModel.fit`."""

    max_checkpoints_to_keep: int = 5
    checkpoint_interval: int = 1000
    variables: Sequence[Any] | None = None
    loss: LossFunction | None = None
    callbacks: Callbacks = ()
    all_losses: list[float] | None = None


@dataclass
class RunningLoss:
    """Mean loss of every ``frequency`` steps, counted over the life of a model.

    Parameters
    ----------
    frequency
        Steps between two reports.
    all_losses
        List that each mean is added to; None for none.
    """

    frequency: int
    all_losses: list[float] | None = None
    last: float = 0.0
    """The latest mean."""

    def __post_init__(self) -> None:
        self._losses: list[Tensor | float] = []

    def add(self, step: int, loss: Tensor | float) -> bool:
        """Take in the loss of a step; whether a mean was reported."""
        self._losses.append(loss)
        if step % self.frequency:
            return False
        self.report(step)
        return True

    def report(self, step: int) -> None:
        """The mean of what came since the last report, if anything did."""
        if self._losses:
            self.last = sum(float(loss) for loss in self._losses) / len(self._losses)
            self._losses = []
            log.info("Ending global_step %d: Average loss %g", step, self.last)
            if self.all_losses is not None:
                self.all_losses.append(self.last)


def run(model: Any, learner: Learner, steps: Iterable[Step], wishes: Wishes) -> float:
    """Take steps; the last mean loss.

    Parameters
    ----------
    model
        The model of DeepChem: it keeps checkpoints, and callbacks are called with it.
    learner
        Learner that takes the steps.
    steps
        Steps, in their order.
    wishes
        Calls on the way.
    """
    learner.start_run()
    loss = None if wishes.loss is None else of_function(wishes.loss, learner.model)
    callbacks = [wishes.callbacks] if callable(wishes.callbacks) else list(wishes.callbacks)
    losses = RunningLoss(model.log_frequency, wishes.all_losses)
    interval, keep = wishes.checkpoint_interval, wishes.max_checkpoints_to_keep
    for step in steps:
        is_reported = losses.add(learner.step + 1, _taken(learner, step, wishes.variables, loss))
        if interval > 0 and (learner.step + 1) % interval == 0:
            model.save_checkpoint(keep)
        for callback in callbacks:
            callback(model, learner.step)
        if is_reported:
            model.tell(losses.last, learner.step)
    losses.report(learner.step)
    if interval > 0:
        model.save_checkpoint(keep)
    return losses.last


def _taken(learner: Learner, step: Step, variables: Any, loss: Any) -> Tensor | float:
    """The loss of a step that is taken."""
    if step.batch is None:
        learner.count()
        return 0.0
    return learner.take(
        step.batch, step.rate, step.seed, last=step.last, variables=variables, loss=loss
    )
