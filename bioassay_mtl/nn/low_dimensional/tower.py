"""Tower of each task on the products of its inputs: its coordinates, its layers, its head."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from bioassay_mtl.nn.dropout import ByteDropout
from bioassay_mtl.nn.experts.base import activations
from bioassay_mtl.nn.low_dimensional.space import Space, mixes
from bioassay_mtl.nn.outputs import Outputs
from bioassay_mtl.nn.pairs import Pairs
from bioassay_mtl.nn.towers import Tower, TowerConfig

AT_ONCE = 1 << 25
"""Hidden numbers of some tasks that are formed at a time where nothing learns."""

PAIRS_AT_ONCE = 1 << 13


class LowDimensionalTower(Tower):
    """Mixes the products of the first layer by ``(1, a_t)``; the layers above likewise, by weights.

    Parameters
    ----------
    outputs
        Outputs of the tasks.
    space
        Space of the tasks' weights; it belongs to the network.

    Attributes
    ----------
    coordinates
        ``(T, k)``: a_t, which start at 0.
    weight
        ``(O,)``: factors of the outputs, 1 unless a model was joined with one of other units.
    threshold
        ``(O,)``: logits above which a molecule counts as active (for guarantees alone).
    """

    slot: Tensor
    threshold: Tensor

    def __init__(self, outputs: Outputs, space: Space) -> None:
        super().__init__(TowerConfig(), outputs, 1, 1)
        config = space.config
        self._space = (space,)  # its parameters are the network's, not the tower's
        self.n_tasks = len(outputs.counts)
        if config.form != "free":
            self.coordinates = nn.Parameter(torch.zeros(self.n_tasks, config.coordinates))
        n_outputs = len(self.bias)
        self.weight: Tensor  # type: ignore[assignment]
        self.register_buffer("weight", torch.ones(n_outputs))
        self.register_buffer("threshold", torch.zeros(n_outputs))
        slot = torch.cat([torch.arange(n) for n in outputs.counts])
        self.register_buffer("slot", slot, persistent=False)
        self.activation = activations[config.activation]
        self.dropout = ByteDropout(config.dropout)

    @property
    def space(self) -> Space:
        return self._space[0]

    @property
    def given(self) -> Tensor:
        """Coordinates ``(T, k)``; of a free network there are none."""
        if self.space.config.form == "free":
            return self.bias.new_empty(self.n_tasks, 0)
        return self.coordinates

    def forward(self, experts: Tensor, gates: Tensor) -> Tensor:
        return self.expert_logits(experts)[0]

    def expert_logits(self, experts: Tensor) -> Tensor:
        """``(B, 1, n H) -> (1, B, O)``."""
        first = experts[:, 0].unflatten(1, (-1, self.space.config.width))
        upper, mix = self._upper(), mixes(self.given)
        size = self.n_tasks
        if not torch.is_grad_enabled():
            size = max(1, AT_ONCE // (len(first) * self.space.config.width))
        parts = [
            self._heads(first, mix[tasks], {n: layer[tasks] for n, layer in upper.items()}, tasks)
            for tasks in torch.arange(self.n_tasks, device=mix.device).split(size)
        ]
        heads = torch.cat(parts, dim=1)  # (B, T, C)
        outputs = heads[..., 0] if self._is_plain else heads[:, self.owner, self.slot]
        return (outputs * self.weight + self.bias)[None]

    def at(self, experts: Tensor, gates: Tensor, pairs: Pairs) -> Tensor:
        first = experts[:, 0].unflatten(1, (-1, self.space.config.width))
        upper, mix = self._upper(), mixes(self.given)
        found = [
            self._heads_at(first, mix, upper, rows, columns)
            for rows, columns in zip(
                pairs.rows.split(PAIRS_AT_ONCE), pairs.columns.split(PAIRS_AT_ONCE), strict=True
            )
        ]
        outputs = torch.cat(found) if found else self.bias.new_zeros(0)
        return outputs * self.weight[pairs.columns] + self.bias[pairs.columns]

    def expert_logits_at(self, experts: Tensor, pairs: Pairs) -> Tensor:
        return self.at(experts, experts, pairs)[None]

    def _upper(self) -> dict[str, Tensor]:
        """Layers above the first, of each task ``(T, ...)``."""
        space = self.space
        points = space.points(self.given)[:, space.layout.n_lower :]
        return space.layout.layers_of(points if space.by_task else mixes(self.given) @ points)

    def _heads(self, first: Tensor, mix: Tensor, upper: dict[str, Tensor], tasks: Tensor) -> Tensor:
        """``(B, n, H)`` products of the first layer to ``(B, C, heads)`` of some tasks."""
        if self.space.by_task:
            hidden = first[:, tasks].transpose(0, 1)
        else:
            hidden = torch.einsum("bnh,tn->tbh", first, mix)
        hidden = self.dropout(self.activation(hidden + upper["bias.0"][:, None]))
        for layer in range(1, self.space.config.depth):
            more = hidden @ upper[f"weight.{layer}"] + upper[f"bias.{layer}"][:, None]
            hidden = hidden + self.dropout(self.activation(more))
        heads: Tensor = hidden @ upper["head"]
        return heads.transpose(0, 1)

    def _heads_at(
        self, first: Tensor, mix: Tensor, upper: dict[str, Tensor], rows: Tensor, columns: Tensor
    ) -> Tensor:
        """``(P,)`` of pairs, whose tasks' layers are looked up."""
        tasks = self.owner[columns]
        if self.space.by_task:
            hidden = first[rows, tasks]
        else:
            hidden = (
                functional.embedding(rows, first.flatten(1)).unflatten(1, first.shape[1:])
                * mix[tasks][:, :, None]
            ).sum(1)
        hidden = self.dropout(self.activation(hidden + upper["bias.0"][tasks]))
        for layer in range(1, self.space.config.depth):
            more = _by_task(hidden, upper[f"weight.{layer}"], tasks)
            hidden = hidden + self.dropout(self.activation(more + upper[f"bias.{layer}"][tasks]))
        head = upper["head"].transpose(1, 2)[tasks, self.slot[columns]]
        outputs: Tensor = (hidden * head).sum(1)
        return outputs


def _by_task(hidden: Tensor, weights: Tensor, tasks: Tensor) -> Tensor:
    """``(P, H)``: row p times the matrix of its task; rows of a task lie together for a while.

    Sorted by task and filled up to the task that has most, they are one batched product.
    """
    order = torch.argsort(tasks, stable=True)
    present, counts = torch.unique_consecutive(tasks[order], return_counts=True)
    place = torch.arange(len(order), device=order.device)
    place = place - torch.repeat_interleave(counts.cumsum(0) - counts, counts)
    group = torch.repeat_interleave(torch.arange(len(present), device=order.device), counts)
    padded = hidden.new_zeros(len(present), int(counts.max()), hidden.shape[1])
    padded = padded.index_put((group, place), hidden[order])
    product = (padded @ weights[present])[group, place]
    return torch.empty_like(product).index_copy(0, order, product)
