"""Towers: from a task's mixture of experts to its outputs, most often one logit."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from pydantic import AfterValidator, Field
from torch import Tensor, nn
from torch.nn import functional

from bioassay_mtl.config import Config
from bioassay_mtl.nn.dropout import ByteDropout
from bioassay_mtl.nn.experts import activations
from bioassay_mtl.nn.outputs import Outputs
from bioassay_mtl.nn.pairs import Pairs, pair_products
from bioassay_mtl.nn.products import StackedProduct
from bioassay_mtl.registry import Registry, class_of

towers: Registry[type[Tower]] = Registry(
    "tower", "towers", class_of("bioassay_mtl.nn.towers:Tower")
)


class TowerConfig(Config):
    """The head of each output.

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
        Activation of an ``mlp`` tower.
    """

    kind: Annotated[str, AfterValidator(towers.known)] = "linear"
    width: Annotated[int, Field(ge=1)] = 16
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    activation: Annotated[str, AfterValidator(activations.known)] = "relu"


class Tower(nn.Module):
    """``logit_o = h_o(sum_e g_te f_e)`` for the O outputs of all tasks t at once.

    Parameters
    ----------
    config
        Settings of the tower.
    outputs
        The O outputs by task.
    n_experts, n_hidden
        E and H.
    """

    task_axis: ClassVar[int] = -1
    """Along which axis of its parameters the outputs lie."""
    bias: nn.Parameter
    """``(O,)``: starts at the log-odds of each task."""
    weight: nn.Parameter
    """Weight of the last product: outputs are linear in it."""
    owner: Tensor
    """``(O,)``: the task of each output."""

    def __init__(
        self, config: TowerConfig, outputs: Outputs, n_experts: int, n_hidden: int
    ) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(len(outputs.owner)))
        self.register_buffer("owner", outputs.owner, persistent=False)
        self._is_plain = outputs.is_plain

    def forward(self, experts: Tensor, gates: Tensor) -> Tensor:
        """``experts (B, E, H), gates (B or 1, T, E) -> outputs (B, O)``."""
        raise NotImplementedError

    def of_outputs(self, gates: Tensor) -> Tensor:
        """Gates ``(B or 1, T, E)`` to those of outputs, ``(B or 1, O, E)``.

        A network of one task keeps its one row, which all its outputs read.
        """
        return gates if self._is_plain or gates.shape[1] == 1 else gates[:, self.owner]

    def expert_logits(self, experts: Tensor) -> Tensor:
        """``(B, E, H) -> (E, B, O)``: outputs of each expert on its own, as if it had gate 1."""
        raise NotImplementedError

    def at(self, experts: Tensor, gates: Tensor, pairs: Pairs) -> Tensor:
        """``(P,)``: outputs of some pairs of a row and an output alone."""
        outputs: Tensor = self(experts, gates)[pairs.rows, pairs.columns]
        return outputs

    def expert_logits_at(self, experts: Tensor, pairs: Pairs) -> Tensor:
        """``(E, P)``: those of each expert on its own."""
        return self.expert_logits(experts)[:, pairs.rows, pairs.columns]

    def gates_at(self, gates: Tensor, pairs: Pairs) -> Tensor:
        """Gates ``(B or 1, T, E)`` of some pairs, ``(P, E)``."""
        n_rows, n_tasks = gates.shape[:2]
        place = self.owner[pairs.columns] if n_tasks > 1 else torch.zeros_like(pairs.columns)
        place = place + pairs.rows * n_tasks if n_rows > 1 else place
        found: Tensor = functional.embedding(place, gates.flatten(0, 1))
        return found

    @torch.no_grad()
    def rescale(self, factor: Tensor, shift: Tensor) -> None:
        """Outputs become ``factor * output + shift``, both ``(O,)``."""
        self.weight.mul_(factor[:, None] if self.task_axis == 0 else factor)
        self.bias.mul_(factor).add_(shift)

    def with_expert_logits(
        self, experts: Tensor, gates: Tensor, *, decoupled: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Outputs of the mixture and of each expert on its own, sharing what they can.

        With ``decoupled``, the mixture's gradient reaches the gates and no further.
        """
        mixed = self(experts.detach() if decoupled else experts, gates)
        return mixed, self.expert_logits(experts)

    def with_expert_logits_at(
        self, experts: Tensor, gates: Tensor, pairs: Pairs, *, decoupled: bool = False
    ) -> tuple[Tensor, Tensor]:
        """The same at some pairs, ``(P,)`` and ``(E, P)``."""
        mixed = self.at(experts.detach() if decoupled else experts, gates, pairs)
        return mixed, self.expert_logits_at(experts, pairs)


class VotingTower(Tower):
    """A tower linear in the experts: the logit is the gate's mean of the experts' own logits."""

    def forward(self, experts: Tensor, gates: Tensor) -> Tensor:
        return self.mix(self.expert_logits(experts), gates)

    def with_expert_logits(
        self, experts: Tensor, gates: Tensor, *, decoupled: bool = False
    ) -> tuple[Tensor, Tensor]:
        alone = self.expert_logits(experts)
        return self.mix(alone.detach() if decoupled else alone, gates), alone

    def at(self, experts: Tensor, gates: Tensor, pairs: Pairs) -> Tensor:
        return self.mix_at(self.expert_logits_at(experts, pairs), gates, pairs)

    def with_expert_logits_at(
        self, experts: Tensor, gates: Tensor, pairs: Pairs, *, decoupled: bool = False
    ) -> tuple[Tensor, Tensor]:
        alone = self.expert_logits_at(experts, pairs)
        return self.mix_at(alone.detach() if decoupled else alone, gates, pairs), alone

    def expert_logits_at(self, experts: Tensor, pairs: Pairs) -> Tensor:
        stacked = self.weight if self.weight.dim() == 3 else self.weight[None]
        # (O, H) a tower: what a pair reads lies together
        columns = [weight.mT.contiguous() for weight in stacked.unbind()]
        votes = [
            pair_products(each, columns[number % len(columns)], pairs)
            for number, each in enumerate(experts.unbind(1))
        ]
        return torch.stack(votes) + functional.embedding(pairs.columns, self.bias[:, None])[:, 0]

    def votes_on(self, output: int, experts: Tensor, first: int = 0) -> Tensor:
        """``(B, E)``: one output of some experts on their own, which are those from `first` on."""
        weight = self.weight[..., output]
        own = weight if weight.dim() == 1 else weight[first : first + experts.shape[1]]
        votes: Tensor = (experts * own).sum(dim=-1) + self.bias[output]
        return votes

    def mix_at(self, votes: Tensor, gates: Tensor, pairs: Pairs) -> Tensor:
        """``votes (E, P), gates (B or 1, T, E) -> (P,)``."""
        return (votes * self.gates_at(gates, pairs).T).sum(dim=0)

    def mix(self, votes: Tensor, gates: Tensor) -> Tensor:
        """``votes (E, B, O), gates (B or 1, T, E) -> (B, O)``: no ``(B, O, H)`` is formed."""
        return (votes * self.of_outputs(gates).permute(2, 0, 1)).sum(dim=0)


@towers.register("linear")
class LinearTower(VotingTower):
    """``logit_bo = sum_e g_bte (f_be . v_o) + c_o``."""

    def __init__(
        self, config: TowerConfig, outputs: Outputs, n_experts: int, n_hidden: int
    ) -> None:
        super().__init__(config, outputs, n_experts, n_hidden)
        self._product = StackedProduct()
        self.weight = nn.Parameter(torch.empty(n_hidden, len(self.bias)))
        nn.init.uniform_(self.weight, -(n_hidden**-0.5), n_hidden**-0.5)

    def expert_logits(self, experts: Tensor) -> Tensor:
        return self._product(experts, self.weight, self.bias)


@towers.register("per_expert")
class PerExpertTower(VotingTower):
    """``logit_bo = sum_e g_bte (f_be . v_oe) + c_o``: a linear head for every output and expert."""

    def __init__(
        self, config: TowerConfig, outputs: Outputs, n_experts: int, n_hidden: int
    ) -> None:
        super().__init__(config, outputs, n_experts, n_hidden)
        self._product = StackedProduct()
        self.weight = nn.Parameter(torch.empty(n_experts, n_hidden, len(self.bias)))
        nn.init.uniform_(self.weight, -(n_hidden**-0.5), n_hidden**-0.5)

    def expert_logits(self, experts: Tensor) -> Tensor:
        return self._product(experts, self.weight, self.bias)


@towers.register("mlp")
class MLPTower(Tower):
    """One hidden layer per output: ``v_o . act(U_o sum_e g_te f_e + b_o) + c_o``."""

    task_axis = 0

    def __init__(
        self, config: TowerConfig, outputs: Outputs, n_experts: int, n_hidden: int
    ) -> None:
        super().__init__(config, outputs, n_experts, n_hidden)
        n_outputs = len(self.bias)
        self.activation = activations[config.activation]
        self.dropout = ByteDropout(config.dropout)
        self.hidden = nn.Parameter(torch.empty(n_outputs, n_hidden, config.width))
        self.hidden_bias = nn.Parameter(torch.zeros(n_outputs, config.width))
        self.weight = nn.Parameter(torch.empty(n_outputs, config.width))
        nn.init.uniform_(self.hidden, -(n_hidden**-0.5), n_hidden**-0.5)
        nn.init.uniform_(self.weight, -(config.width**-0.5), config.width**-0.5)

    def forward(self, experts: Tensor, gates: Tensor) -> Tensor:
        mixed = self.of_outputs(gates.expand(experts.shape[0], -1, -1) @ experts)
        return self._heads(mixed.expand(-1, len(self.bias), -1))

    def expert_logits(self, experts: Tensor) -> Tensor:
        n_outputs = len(self.bias)
        return torch.stack(
            [self._heads(f[:, None].expand(-1, n_outputs, -1)) for f in experts.unbind(1)]
        )

    def at(self, experts: Tensor, gates: Tensor, pairs: Pairs) -> Tensor:
        mixed = (self.gates_at(gates, pairs)[:, :, None] * experts[pairs.rows]).sum(dim=1)
        return self._heads_at(mixed, pairs)

    def expert_logits_at(self, experts: Tensor, pairs: Pairs) -> Tensor:
        return torch.stack([self._heads_at(f[pairs.rows], pairs) for f in experts.unbind(1)])

    def _heads_at(self, mixed: Tensor, pairs: Pairs) -> Tensor:
        """``(P, H) -> (P,)``."""
        outputs = pairs.columns
        hidden = torch.einsum("ph,phk->pk", mixed, self.hidden[outputs]) + self.hidden_bias[outputs]
        hidden = self.dropout(self.activation(hidden))
        logits: Tensor = (hidden * self.weight[outputs]).sum(dim=1) + self.bias[outputs]
        return logits

    def _heads(self, mixed: Tensor) -> Tensor:
        """``(B, O, H) -> (B, O)``."""
        hidden = torch.einsum("bth,thk->btk", mixed, self.hidden) + self.hidden_bias
        hidden = self.dropout(self.activation(hidden))
        return torch.einsum("btk,tk->bt", hidden, self.weight) + self.bias
