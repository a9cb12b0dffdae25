"""Experts that are shared, with small matrices beside each hidden layer for each panel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.network import Network
from bioassay_mtl.nn.reparameterized.attached import Made
from bioassay_mtl.nn.reparameterized.layers import hidden_weights, slowest_factor
from bioassay_mtl.nn.reparameterized.rows import RowAdamW
from bioassay_mtl.training.batches import seed_of
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.together.sharing import Joined, Sharing, sharings
from bioassay_mtl.training.together.trunk import check_same_experts, tie

LAYERS: tuple[Literal["experts"], Literal["graphs"]] = ("experts", "graphs")


@sharings.register("adapters")
class Adapters(Sharing):
    """Parallel adapters (Rebuffi et al., arXiv 1803.10082) of low rank: ``W_p = W + U_p V_p``.

    An adapter is linear, so that a panel's model is an ordinary network with the weight ``W_p``.

    Parameters
    ----------
    rank
        Columns of U, at most the sides of the smallest hidden layer.
    """

    kind: Literal["adapters"] = "adapters"
    shares_experts: ClassVar[bool] = True
    rank: Annotated[int, Field(ge=1)] = 8

    def settings(self, configs: Mapping[str, TrainingConfig]) -> dict[str, TrainingConfig]:
        check_same_experts(configs)
        return dict(configs)

    def joined(
        self, networks: Mapping[str, Network], configs: Mapping[str, TrainingConfig], seed: int
    ) -> Joined:
        return JoinedAdapters(self.rank, networks, seed)


class JoinedAdapters(Joined):
    """One trunk, and what each panel adds to its hidden layers."""

    def __init__(self, rank: int, networks: Mapping[str, Network], seed: int) -> None:
        first = next(iter(networks.values()))
        hidden = hidden_weights(first, LAYERS)
        _check(hidden, rank)
        tie(networks, without=[*hidden])
        draws = torch.Generator().manual_seed(seed_of(seed, 1))
        shared = [Learned(weight.detach().clone()) for weight in hidden.values()]
        self._parts = nn.ModuleDict({"shared": nn.ModuleList(shared)})
        self._made: dict[str, Adapted] = {}
        for number, (name, network) in enumerate(networks.items()):
            own = hidden_weights(network, LAYERS)
            pairs = [_pair(weight, rank, draws) for weight in own.values()]
            self._parts[f"panel {number}"] = nn.ModuleList(each for pair in pairs for each in pair)
            factor = slowest_factor(network, LAYERS)
            self._made[name] = Adapted([*own.values()], shared, pairs, factor)
            self._made[name].write()
        self._rank = rank

    def made(self, panel: str) -> Made:
        return self._made[panel]

    def tensors(self) -> Iterator[tuple[str, Tensor]]:
        yield from self._parts.state_dict().items()

    def record(self, tasks: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """Rank, and the size of what a panel adds, as a share of the shared weights' norm."""
        return {
            "rank": self._rank,
            "added": {name: made.added() for name, made in self._made.items()},
        }


def _check(hidden: Mapping[str, Tensor], rank: int) -> None:
    if not hidden:
        raise ConfigError(
            "sharing: the experts have no hidden layers that adapters could stand beside: give "
            "them depth 2 or more, or share otherwise"
        )
    for name, weight in hidden.items():
        if rank > min(weight.shape[-2:]):
            raise ConfigError(
                f"sharing: adapters of rank {rank} are larger than {name}, which is "
                f"{weight.shape[-2]} x {weight.shape[-1]}: set rank to at most "
                f"{min(weight.shape[-2:])}"
            )


class Learned(nn.Module):
    """A parameter with its optimizer."""

    def __init__(self, values: Tensor) -> None:
        super().__init__()
        self.values = nn.Parameter(values)
        self.optimizer = RowAdamW(self.values)

    def step(self, gradient: Tensor, rate: float, decay: float) -> None:
        """Move all of it."""
        rows = torch.arange(len(self.values), device=self.values.device)
        self.optimizer.step(rows, gradient, rate, decay)


def _pair(weight: Tensor, rank: int, draws: torch.Generator) -> tuple[Learned, Learned]:
    """U, drawn, and V, zeros: at first nothing is added."""
    *stack, inputs, outputs = weight.shape
    down = torch.randn(*stack, inputs, rank, generator=draws) / inputs**0.5
    up = torch.zeros(*stack, rank, outputs)
    return Learned(down.to(weight)), Learned(up.to(weight))


class Adapted:
    """Hidden weights of a panel's network: ``W + U V``; see
    :class:`~bioassay_mtl.nn.reparameterized.attached.Made`."""

    def __init__(
        self,
        weights: Sequence[Tensor],
        shared: Sequence[Learned],
        pairs: Sequence[tuple[Learned, Learned]],
        factor: float,
    ) -> None:
        self.weights, self._shared, self._pairs = list(weights), shared, pairs
        self._factor = factor
        self._parts = [part for trio in self._trios() for part in trio]

    def _trios(self) -> Iterator[tuple[Learned, Learned, Learned]]:
        for shared, pair in zip(self._shared, self._pairs, strict=True):
            yield shared, *pair

    @torch.no_grad()
    def write(self) -> None:
        for weight, (shared, down, up) in zip(self.weights, self._trios(), strict=True):
            weight.copy_(shared.values + down.values @ up.values)

    @torch.no_grad()
    def pull_back(self) -> list[Tensor]:
        gradients: list[Tensor] = []
        for weight, (_, down, up) in zip(self.weights, self._trios(), strict=True):
            whole = torch.zeros_like(weight) if weight.grad is None else weight.grad
            gradients += [whole, whole @ up.values.mT, down.values.mT @ whole]
            weight.grad = None
        leaves: list[Tensor] = [part.values for part in self._parts]
        for leaf, gradient in zip(leaves, gradients, strict=True):
            leaf.grad = gradient
        return leaves

    def step(self, rate: float, decay: float) -> None:
        for part in self._parts:
            assert part.values.grad is not None
            part.step(part.values.grad, rate * self._factor, decay)
            part.values.grad = None
        self.write()

    @torch.no_grad()
    def added(self) -> float:
        """Norm of U V, as a share of that of W."""
        pairs = [
            ((down.values @ up.values).square().sum(), shared.values.square().sum())
            for shared, down, up in self._trios()
        ]
        own, whole = (torch.stack(each).sum() for each in zip(*pairs, strict=True))
        return round(float((own / whole).sqrt()), 4)
