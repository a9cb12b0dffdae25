"""Towers: from a task's mixture of experts to its logit."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from pydantic import AfterValidator, Field
from torch import Tensor, nn

from bioassay_mtl.config import Config
from bioassay_mtl.nn.dropout import ByteDropout
from bioassay_mtl.nn.experts import activations
from bioassay_mtl.nn.products import StackedProduct
from bioassay_mtl.registry import Registry

towers: Registry[type[Tower]] = Registry("tower")


class TowerConfig(Config):
    """The head of each task.

    Parameters
    ----------
    kind
        ``linear``; ``per_expert`` (a linear head for every task *and* expert: experts vote, the
        gate weighs the votes); or ``mlp`` (one hidden layer per task).
    width
        Hidden units of an ``mlp`` tower.
    dropout
        Share of its hidden units dropped in training.
    activation
        Of an ``mlp`` tower.
    """

    kind: Annotated[str, AfterValidator(towers.known)] = "linear"
    width: Annotated[int, Field(ge=1)] = 16
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    activation: Annotated[str, AfterValidator(activations.known)] = "relu"


class Tower(nn.Module):
    """``logit_t = h_t(sum_e g_te f_e)`` for all tasks at once."""

    task_axis: ClassVar[int] = -1
    """Along which axis of its parameters the tasks lie."""
    bias: nn.Parameter
    """``(T,)``: starts at the log-odds of each task."""

    def __init__(self, config: TowerConfig, n_tasks: int, n_experts: int, n_hidden: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(n_tasks))

    def forward(self, experts: Tensor, gates: Tensor) -> Tensor:
        """``experts (B, E, H), gates (B or 1, T, E) -> logits (B, T)``."""
        raise NotImplementedError

    def expert_logits(self, experts: Tensor) -> Tensor:
        """``(B, E, H) -> (E, B, T)``: the logits of each expert on its own, as if it had gate 1."""
        raise NotImplementedError

    def with_expert_logits(
        self, experts: Tensor, gates: Tensor, *, decoupled: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Logits of the mixture and of each expert on its own, sharing what they can.

        With ``decoupled``, the mixture's gradient reaches the gates and no further.
        """
        mixed = self(experts.detach() if decoupled else experts, gates)
        return mixed, self.expert_logits(experts)


class VotingTower(Tower):
    """A tower linear in the experts: the logit is the gate's mean of the experts' own logits."""

    def forward(self, experts: Tensor, gates: Tensor) -> Tensor:
        return mix(self.expert_logits(experts), gates)

    def with_expert_logits(
        self, experts: Tensor, gates: Tensor, *, decoupled: bool = False
    ) -> tuple[Tensor, Tensor]:
        alone = self.expert_logits(experts)
        return mix(alone.detach() if decoupled else alone, gates), alone


def mix(votes: Tensor, gates: Tensor) -> Tensor:
    """``votes (E, B, T), gates (B or 1, T, E) -> (B, T)``: no ``(B, T, H)`` tensor is formed."""
    return (votes * gates.permute(2, 0, 1)).sum(dim=0)


@towers.register("linear")
class LinearTower(VotingTower):
    """``logit_bt = sum_e g_bte (f_be . v_t) + c_t``."""

    def __init__(self, config: TowerConfig, n_tasks: int, n_experts: int, n_hidden: int) -> None:
        super().__init__(config, n_tasks, n_experts, n_hidden)
        self._product = StackedProduct()
        self.weight = nn.Parameter(torch.empty(n_hidden, n_tasks))
        nn.init.uniform_(self.weight, -(n_hidden**-0.5), n_hidden**-0.5)

    def expert_logits(self, experts: Tensor) -> Tensor:
        return self._product(experts, self.weight) + self.bias


@towers.register("per_expert")
class PerExpertTower(VotingTower):
    """``logit_bt = sum_e g_bte (f_be . v_te) + c_t``: a linear head for every task and expert."""

    def __init__(self, config: TowerConfig, n_tasks: int, n_experts: int, n_hidden: int) -> None:
        super().__init__(config, n_tasks, n_experts, n_hidden)
        self._product = StackedProduct()
        self.weight = nn.Parameter(torch.empty(n_experts, n_hidden, n_tasks))
        nn.init.uniform_(self.weight, -(n_hidden**-0.5), n_hidden**-0.5)

    def expert_logits(self, experts: Tensor) -> Tensor:
        return self._product(experts, self.weight) + self.bias


@towers.register("mlp")
class MLPTower(Tower):
    """One hidden layer per task on its mixture: ``v_t . act(U_t sum_e g_te f_e + b_t) + c_t``."""

    task_axis = 0

    def __init__(self, config: TowerConfig, n_tasks: int, n_experts: int, n_hidden: int) -> None:
        super().__init__(config, n_tasks, n_experts, n_hidden)
        self.activation = activations[config.activation]
        self.dropout = ByteDropout(config.dropout)
        self.hidden = nn.Parameter(torch.empty(n_tasks, n_hidden, config.width))
        self.hidden_bias = nn.Parameter(torch.zeros(n_tasks, config.width))
        self.weight = nn.Parameter(torch.empty(n_tasks, config.width))
        nn.init.uniform_(self.hidden, -(n_hidden**-0.5), n_hidden**-0.5)
        nn.init.uniform_(self.weight, -(config.width**-0.5), config.width**-0.5)

    def forward(self, experts: Tensor, gates: Tensor) -> Tensor:
        return self._heads(gates.expand(len(experts), -1, -1) @ experts)

    def expert_logits(self, experts: Tensor) -> Tensor:
        n_tasks = len(self.bias)
        return torch.stack(
            [self._heads(f[:, None].expand(-1, n_tasks, -1)) for f in experts.unbind(1)]
        )

    def _heads(self, mixed: Tensor) -> Tensor:
        """``(B, T, H) -> (B, T)``."""
        hidden = torch.einsum("bth,thk->btk", mixed, self.hidden) + self.hidden_bias
        hidden = self.dropout(self.activation(hidden))
        return torch.einsum("btk,tk->bt", hidden, self.weight) + self.bias
