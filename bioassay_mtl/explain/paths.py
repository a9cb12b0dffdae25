"""Integrated gradients: how an output changes while the inputs of a molecule fade in.

The path goes straight from nothing (an empty fingerprint, descriptors in the middle of the training
rows, a graph whose atoms and bonds have no features) to the molecule (Sundararajan, Taly and Yan,
arXiv 1703.01365). Layers that read tables are linear in them, so that their products are computed
once and fade in as they are. Where gates read the molecule, the path goes through them, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bioassay_mtl.chem.graphs import GraphBlock
from bioassay_mtl.explain.atoms import AtomShares
from bioassay_mtl.explain.graphs import FadedGraphs
from bioassay_mtl.explain.pieces import Piece
from bioassay_mtl.nn.inputs import Input, InputLinear, Inputs, Products, dense_rows

STEPS = 24
"""Parts that the path is cut into at first."""

ROUNDS, PIECES, MOST = 2, 4, 64
"""Parts in which gradients miss the change of an output are cut into as many again, so often; at
most so many at a time, the worst."""

MISSED = 3e-3
"""Change of an output that gradients may miss in a part: what is missed in all is shared out."""


class Path:
    """The path of one molecule through a network.

    Parameters
    ----------
    network
        A network, or a part of one, that gradients pass.
    inputs
        Inputs of the network for one molecule, tables ``(1, F)``.
    graphs
        Graphs of the molecule, as blocks of one row, by the name of the input.
    shares
        Atoms that share in the positions of tables.
    """

    def __init__(
        self,
        network: Any,
        inputs: Inputs,
        graphs: Mapping[str, GraphBlock],
        shares: AtomShares,
    ) -> None:
        self._shares = shares
        self._tables = {
            name: dense_rows(x, torch.float32) for name, x in inputs.items() if name not in graphs
        }
        self._graphs = graphs
        self._layers = [
            module
            for module in network.modules()
            if isinstance(module, InputLinear) and not {*module.sizes} & {*graphs}
        ]
        with torch.no_grad():
            self._products = [layer(self._tables) for layer in self._layers]
        one = torch.ones(1)
        self._faded = {name: FadedGraphs.of(block, one) for name, block in graphs.items()}
        self._wholes = [*self._products, *self._tables.values()]
        self._wholes += [each for faded in self._faded.values() for each in faded.whole]
        self._n_leaves = len(self._wholes)

    def pieces(self, names: Sequence[str], parts: Callable[[Inputs], Tensor]) -> list[Piece]:
        """Pieces of E parts of an output, by atom.

        Parameters
        ----------
        names
            Names of the parts.
        parts
            Map from inputs of S molecules to ``(S, E)``.
        """
        means: list[list[Tensor | None]] = [[None] * self._n_leaves for _ in names]
        ends = torch.linspace(0, 1, STEPS + 1) ** 2
        low, high = ends[:-1], ends[1:]
        with torch.no_grad():
            reference, value = parts(self._at(torch.tensor([0.0, 1.0]))[0]).double().tolist()
        for number in range(ROUNDS):
            gradients, missed = self._gradients(parts, low, high)
            bad = missed > (MISSED if number + 1 < ROUNDS else torch.inf)
            if int(bad.sum()) > MOST // PIECES:
                bad &= missed >= missed.sort(descending=True).values[MOST // PIECES - 1]
            for own, each in zip(means, gradients, strict=True):
                _add(own, each, (high - low) * ~bad)
            if not bad.any():
                break
            cuts = torch.linspace(0, 1, PIECES + 1)
            inner = low[bad, None] + cuts * (high - low)[bad, None]
            low, high = inner[:, :-1].flatten(), inner[:, 1:].flatten()
        made = []
        for number, name in enumerate(names):
            atoms, whole = self._amounts(means[number])
            piece = Piece(name, value[number], reference[number], atoms, whole)
            made.append(piece.balanced())
        return made

    def _gradients(
        self, parts: Callable[[Inputs], Tensor], low: Tensor, high: Tensor
    ) -> tuple[list[list[Tensor | None]], Tensor]:
        """Gradients of each of E parts in the middle of K pieces of the path.

        Returns
        -------
        ``(K, ...)`` for each leaf, and ``(K,)``: the change that they miss, at most.
        """
        with torch.enable_grad():
            inputs, leaves = self._at((low + high) / 2)
            found = parts(inputs)
            gradients = [_gradients_of(each.sum(), leaves) for each in found.unbind(1)]
        with torch.no_grad():
            ends = parts(self._at(torch.cat([low, high]))[0])
        changes = ends[len(low) :] - ends[: len(low)]
        said = torch.stack([self._along(each, len(low)) for each in gradients], dim=1)
        missed: Tensor = (said * (high - low)[:, None] - changes).abs().amax(dim=1)
        return gradients, missed

    def _along(self, gradients: Sequence[Tensor | None], n: int) -> Tensor:
        """``(K,)``: slopes along the path."""
        total = torch.zeros(n)
        for each, whole in zip(gradients, self._wholes, strict=True):
            if each is not None:
                total = total + (each * whole).flatten(1).sum(dim=1)
        return total

    def _at(self, shares: Tensor) -> tuple[Inputs, list[Tensor]]:
        """Inputs on the path, and all that gradients are taken by."""
        leaves = [
            (shares[:, None] * each).requires_grad_()
            for each in (*self._products, *self._tables.values())
        ]
        products, tables = leaves[: len(self._layers)], leaves[len(self._layers) :]
        faded = {name: FadedGraphs.of(block, shares) for name, block in self._graphs.items()}
        inputs: dict[str, Input] = dict(zip(self._tables, tables, strict=True))
        inputs |= {name: each.graph for name, each in faded.items()}
        leaves += [leaf for each in faded.values() for leaf in each.leaves]
        return Products(inputs, dict(zip(self._layers, products, strict=True))), leaves

    def _amounts(self, means: Sequence[Tensor | None]) -> tuple[NDArray[np.float64], float]:
        """Mean gradients along the path, times the inputs: of atoms, and of none."""
        atoms, whole = np.zeros(self._shares.n_atoms), 0.0
        rest = iter(means)
        for layer in self._layers:
            mean = next(rest)
            for name, table in layer.tables.items() if mean is not None else ():
                weights = table.detach() @ mean.to(table.dtype)  # type: ignore[union-attr]
                more, other = self._split(name, weights)
                atoms, whole = atoms + more, whole + other
        for name in self._tables:
            mean = next(rest)
            if mean is not None:
                more, other = self._split(name, mean)
                atoms, whole = atoms + more, whole + other
        for each in self._faded.values():
            own = [next(rest) for _ in each.leaves]
            gradients = [
                torch.zeros_like(of) if mean is None else mean
                for mean, of in zip(own, each.whole, strict=True)
            ]
            atoms = atoms + each.amounts(tuple(gradients))  # type: ignore[arg-type]
        return atoms, whole

    def _split(self, name: str, weights: Tensor) -> tuple[NDArray[np.float64], float]:
        """Contribution of the positions of a table, by its weights ``(F,)``."""
        row = self._tables[name][0]
        positions = row.nonzero().flatten()
        amounts = (row[positions].double() * weights[positions].double()).numpy()
        return self._shares.split(name, positions.numpy(), amounts)


def _add(total: list[Tensor | None], more: Sequence[Tensor | None], weights: Tensor) -> None:
    """Add ``(K, ...)`` times weights ``(K,)`` to what is there."""
    for number, each in enumerate(more):
        if each is not None:
            own, there = torch.tensordot(weights, each, dims=1), total[number]
            total[number] = own if there is None else there + own


def _gradients_of(value: Tensor, leaves: Sequence[Tensor]) -> list[Tensor | None]:
    if not value.requires_grad:
        return [None] * len(leaves)
    return [*torch.autograd.grad(value, leaves, retain_graph=True, allow_unused=True)]
