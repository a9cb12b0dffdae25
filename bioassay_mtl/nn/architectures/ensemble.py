"""Several trained networks as one: the weighted mean of their outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import torch
from pydantic import Field, field_validator
from torch import Tensor, nn

from bioassay_mtl.chem.representation import InputSize
from bioassay_mtl.config import Config
from bioassay_mtl.nn.architectures.base import AnyNetwork, build_network, networks
from bioassay_mtl.nn.architectures.mmoeex import filled
from bioassay_mtl.nn.inputs import Inputs
from bioassay_mtl.tasks.kinds import TaskKind


class EnsembleConfig(Config):
    """Architecture of :class:`Ensemble`.

    Parameters
    ----------
    members
        Architectures of the members.
    weights
        Share of each member, positive and summing to 1; None for equal shares.
    """

    kind: Literal["ensemble"] = "ensemble"
    members: Annotated[tuple[AnyNetwork, ...], Field(min_length=1)]
    weights: tuple[Annotated[float, Field(gt=0)], ...] | None = None

    @field_validator("weights")
    @classmethod
    def _shares(cls, weights: tuple[float, ...] | None, info: Any) -> tuple[float, ...] | None:
        members = info.data.get("members", ())
        if weights is not None and (len(weights) != len(members) or abs(sum(weights) - 1) > 1e-6):
            raise ValueError(f"one weight for each of {len(members)} members, 1 in all")
        return weights


@networks.register("ensemble")
class Ensemble(nn.Module):
    """``sum_k w_k f_k(x)`` of trained members: a mixture of all their experts.

    Its gates are the members', times their weights: where towers vote, the output is the gates'
    mean of all experts' votes, as in a single mixture. It predicts; it is not trained as a whole.

    Parameters
    ----------
    config
        The architecture.
    sizes, tasks, kinds
        See any network; a member takes from the inputs what it reads.
    """

    config_class: type[Config] = EnsembleConfig

    def __init__(
        self,
        config: EnsembleConfig,
        sizes: Mapping[str, InputSize],
        tasks: Sequence[str],
        kinds: Sequence[TaskKind] = (),
    ) -> None:
        super().__init__()
        n = len(config.members)
        self.weights = config.weights or (1 / n,) * n
        members: list[Any] = [build_network(each, sizes, tasks, kinds) for each in config.members]
        self.members: Any = nn.ModuleList(members)
        self.outputs = self.members[0].outputs
        widths: list[Any] = [member.width for member in self.members]
        self.width: int = max(widths)
        parts: list[Any] = [member.connections for member in self.members]
        matrix = torch.cat(parts, dim=1)
        self.register_buffer("connections", matrix, persistent=False)
        for member, part in zip(self.members, matrix.split(self._n_experts, dim=1), strict=True):
            member.connections = part  # a view: what a folder says of all reaches each

    @property
    def _n_experts(self) -> list[int]:
        return [member.connections.shape[1] for member in self.members]

    def experts(self, inputs: Inputs) -> Tensor:
        """``(B, E, H)`` of all members, narrower ones filled up with zeros."""
        parts = [filled(member.experts(inputs), self.width) for member in self.members]
        return torch.cat(parts, dim=1)

    def mixing_weights(self, inputs: Inputs) -> Tensor:
        """``(B or 1, T, E)``: the members' gates, times their weights."""
        gates = [
            weight * member.mixing_weights(inputs)
            for weight, member in zip(self.weights, self.members, strict=True)
        ]
        n_rows = max(len(gate) for gate in gates)
        return torch.cat([gate.expand(n_rows, -1, -1) for gate in gates], dim=2)

    def votes(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """``(B, E, O)`` outputs of each member's experts alone, ``(B or 1, E, O)`` their shares.

        A member that has no experts that could speak alone is one.
        """
        found = [_votes_of(member, inputs) for member in self.members]
        n_rows = max(len(shares) for _, shares in found)
        shares = [
            weight * own.expand(n_rows, -1, -1)
            for weight, (_, own) in zip(self.weights, found, strict=True)
        ]
        return torch.cat([votes for votes, _ in found], dim=1), torch.cat(shares, dim=1)

    def forward(self, inputs: Inputs) -> Tensor:
        """``(B, O)``."""
        total: Tensor = sum(
            weight * member(inputs).float()
            for weight, member in zip(self.weights, self.members, strict=True)
        )
        return total


def _votes_of(member: Any, inputs: Inputs) -> tuple[Tensor, Tensor]:
    if hasattr(member, "votes"):
        votes, shares = member.votes(inputs)
        return votes.float(), shares.float()
    alone = member(inputs).float()[:, None]
    return alone, torch.ones_like(alone[:1])
