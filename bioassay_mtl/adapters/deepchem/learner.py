"""A network that learns step by step, with a state that outlives a call of ``fit``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from bioassay_mtl.adapters.deepchem.settings import Settings
from bioassay_mtl.balance import Batch
from bioassay_mtl.balance.objective import Objective
from bioassay_mtl.errors import ConfigError, TrainingError
from bioassay_mtl.models.model import Model
from bioassay_mtl.nn.draws import Draws
from bioassay_mtl.nn.precision import products_in
from bioassay_mtl.training.averaging import WeightAverage
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.optimizer import parameter_groups

GivenLoss = Callable[[nn.Module, Batch], Tensor]
"""A loss in the place of the objective's, of the network on a batch."""


@dataclass(eq=False)
class Learner:
    """All that the next step depends on; steps are those of the training loop.

    Parameters
    ----------
    model
        Model that predicts: its network has the averaged weights (:meth:`refresh`).
    network
        Network that learns.
    config
        All settings of the training.
    settings
        Settings that were asked for.
    objective
        Losses of the tasks.
    balancer
        Balancer that makes one update of the losses.
    """

    model: Model
    network: Any
    config: TrainingConfig
    settings: Settings
    objective: Objective
    balancer: Any
    step: int = 0
    epoch: int = 0
    n_batches: int = 0
    """Steps on batches of a generator."""
    is_fresh: bool = field(default=True, init=False)
    """Whether the model has the weights of the last step."""

    def __post_init__(self) -> None:
        self.average = WeightAverage(self.network, self.config.average)
        self.groups = parameter_groups(self.network, self.balancer, self.config)
        self.optimizer = self._optimizer(self.groups)
        self._of_variables: dict[frozenset[int], torch.optim.Optimizer] = {}
        self._losses: list[Tensor] = []
        self._n_averaged = 0

    @property
    def device(self) -> torch.device:
        """Device that the network learns on."""
        return self.model.device

    @torch.no_grad()
    def start_run(self) -> None:
        """Go on from the averaged weights, and average anew: what was learned shows at once."""
        self.refresh()
        for weight, start in zip(
            self.network.parameters(), self.model.network.parameters(), strict=True
        ):
            weight.copy_(start)
        self.average = WeightAverage(self.network, self.config.average)
        self.network.train()
        self._losses, self._n_averaged = [], 0

    def take(
        self,
        batch: Batch,
        rate: float,
        seed: int,
        *,
        last: bool = False,
        variables: Sequence[nn.Parameter] | None = None,
        loss: GivenLoss | None = None,
    ) -> Tensor:
        """Take a step; the loss before it, detached.

        Parameters
        ----------
        batch
            Batch to learn from.
        rate
            The learning rate.
        seed
            Seed of what is dropped out.
        last
            Whether an epoch ends.
        variables
            Variables that may change; None for all.
        loss
            Loss in place of the objective and the balancer.
        """
        optimizer = self.optimizer if variables is None else self.optimizer_of(variables)
        for group in optimizer.param_groups:
            group["lr"] = rate * group["factor"]
        self.balancer.learning_rate = rate
        with products_in(self.config.precision, self.device.type):
            with Draws(seed).used(), self._precision():
                value, shown = self._loss(batch, loss)
            self.network.zero_grad()
            self.balancer.zero_grad()
            value.backward()
        if self.config.gradient_clip is not None:
            learning = [p for group in optimizer.param_groups for p in group["params"]]
            nn.utils.clip_grad_norm_(learning, self.config.gradient_clip)
        optimizer.step()
        self._losses.append(shown)
        self.count(last=last)
        return shown

    def count(self, *, last: bool = False) -> None:
        """Count a step that was taken, or that had nothing to learn from."""
        self.step, self._n_averaged, self.is_fresh = self.step + 1, self._n_averaged + 1, False
        self.average.update(self._n_averaged, last=last)

    def _loss(self, batch: Batch, loss: GivenLoss | None) -> tuple[Tensor, Tensor]:
        if loss is not None:
            value = loss(self.network, batch)
            return value, value.detach()
        update = self.balancer(batch)
        return update.loss, update.task_losses.sum()

    def _precision(self) -> Any:
        enabled = self.config.precision == "bfloat16"
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=enabled)

    def end_epoch(self) -> None:
        """Record the mean loss since the last time.

        Raises
        ------
        TrainingError
            The loss or the weights are not finite.
        """
        losses, self._losses = self._losses, []
        if not losses:
            return
        loss = torch.stack(losses).mean()
        if not all(bool(value.isfinite().all()) for value in (loss, *self.average.average)):
            raise TrainingError(
                f"training diverged before step {self.step}, its loss is not finite: lower "
                "learning_rate, or bound the gradient with gradient_clip"
            )
        self.epoch += 1
        history = self.model.training["history"]
        history.append({"epoch": len(history) + 1, "loss": float(loss)})

    @torch.no_grad()
    def refresh(self) -> Model:
        """The model, with the present averaged weights."""
        if not self.is_fresh:
            self._show()
            self.model.training["best_epoch"] = len(self.model.training["history"])
            self.model.training["steps"] = {"all": self.step, "on_batches": self.n_batches}
            self.is_fresh = True
        return self.model

    def _show(self) -> None:
        targets = self.model.network.parameters()
        for target, weight in zip(targets, self.average.state(), strict=True):
            target.copy_(weight)

    def optimizer_of(self, variables: Sequence[nn.Parameter]) -> torch.optim.Optimizer:
        """The optimizer of some parameters of the network, or of the model's; kept for next time.

        Raises
        ------
        ConfigError
            A parameter is none of them.
        """
        chosen = frozenset(self._name(variable) for variable in variables)
        if chosen not in self._of_variables:
            groups = [
                {**group, "params": [p for p in group["params"] if id(p) in chosen]}
                for group in self.groups
            ]
            self._of_variables[chosen] = self._optimizer([g for g in groups if g["params"]])
        return self._of_variables[chosen]

    def _name(self, variable: nn.Parameter) -> int:
        pairs = zip(self.network.parameters(), self.model.network.parameters(), strict=True)
        for own, of_model in pairs:
            if variable is own or variable is of_model:
                return id(own)
        raise ConfigError("variables: parameters of model.model.network are expected")

    def _optimizer(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        groups = [dict(group) for group in groups]
        if self.settings.optimizer is None:
            return torch.optim.AdamW(groups, lr=self.config.learning_rate, fused=True)
        for group in groups:  # it brings its own
            del group["weight_decay"]
        found: torch.optim.Optimizer = self.settings.optimizer._create_pytorch_optimizer(groups)
        return found
