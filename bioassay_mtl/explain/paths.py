"""Integrated gradients: how an output changes while the inputs of a molecule fade in.

The path goes straight from nothing (an empty fingerprint, descriptors in the middle of the training
rows, a graph whose atoms and bonds have no features) to the molecule (Sundararajan, Taly and Yan,
arXiv 1703.01365). Layers that read tables are linear in them, so that their products are computed
once and fade in as they are. Where gates read the molecule, the path goes through them, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from bioassay_mtl.chem.graphs import GraphBlock
from bioassay_mtl.explain.atoms import AtomShares
from bioassay_mtl.explain.graphs import FadedGraph
from bioassay_mtl.explain.pieces import Piece
from bioassay_mtl.nn.inputs import Input, InputLinear, Inputs, Products, dense_rows

STEPS = 32
"""Parts that the path is cut into at first."""

ROUNDS, MOST = 2, 16
"""Parts in which gradients miss the change of an output are cut in two, so often; at most so many
at a time, the worst."""

MISSED = 2e-3
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
        self._layers = [
            module
            for module in network.modules()
            if isinstance(module, InputLinear) and not {*module.sizes} & {*graphs}
        ]
        with torch.no_grad():
            self._products = [layer(inputs) for layer in self._layers]
        self._graphs = {name: FadedGraph.of(block) for name, block in graphs.items()}
        self._wholes = [*self._products, *self._tables.values()]
        self._wholes += [each for graph in self._graphs.values() for each in graph.whole]

    def pieces(self, names: Sequence[str], parts: Callable[[Inputs], Tensor]) -> list[Piece]:
        """Pieces of E parts of an output, by atom.

        Gradients are taken at points of the path, and between two of them count half each. Where
        both miss the change of an output that lies between them, it is looked at in the middle,
        too.

        Parameters
        ----------
        names
            Names of the parts.
        parts
            Map from inputs of S molecules to ``(S, E)``.
        """
        at = torch.linspace(0, 1, STEPS + 1) ** 2
        seen = [self._seen(parts, at)]
        values, slopes = seen[0].values, seen[0].slopes
        for _ in range(ROUNDS):
            middle = _between(at, values, slopes)
            if not len(middle):
                break
            seen.append(self._seen(parts, middle))
            at, order = torch.cat([at, middle]).sort()
            values = torch.cat([values, seen[-1].values])[order]
            slopes = torch.cat([slopes, seen[-1].slopes])[order]
        widths = at.diff() / 2
        weights = functional.pad(widths, (0, 1)) + functional.pad(widths, (1, 0))
        made = []
        for number, name in enumerate(names):
            means: list[Tensor | None] = [None] * len(self._wholes)
            for each in seen:
                _add(means, each.gradients[number], weights[torch.searchsorted(at, each.at)])
            reference, value = values[[0, -1], number].tolist()
            atoms, whole = self._amounts(means)
            made.append(Piece(name, value, reference, atoms, whole).balanced())
        return made

    def _seen(self, parts: Callable[[Inputs], Tensor], at: Tensor) -> _Seen:
        """E parts of an output at K points of the path."""
        with torch.enable_grad():
            inputs, leaves = self._at(at)
            found = parts(inputs)
            gradients = [_gradients_of(each.sum(), leaves) for each in found.unbind(1)]
        slopes = [self._along(each, len(at)) for each in gradients]
        return _Seen(at, found.detach().double(), torch.stack(slopes, dim=1), gradients)

    def _along(self, gradients: Sequence[Tensor | None], n: int) -> Tensor:
        """``(K,)``: slopes along the path."""
        total = torch.zeros(n, dtype=torch.float64)
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
        inputs: dict[str, Input] = dict(zip(self._tables, tables, strict=True))
        for name, graph in self._graphs.items():
            inputs[name], own = graph.at(shares)
            leaves += own
        return Products(inputs, dict(zip(self._layers, products, strict=True))), leaves

    def _amounts(self, means: Sequence[Tensor | None]) -> tuple[NDArray[np.float64], float]:
        """Mean gradients along the path, times the inputs: of atoms, and of none."""
        atoms, whole = np.zeros(self._shares.n_atoms), 0.0
        rest = iter(means)
        for layer in self._layers:
            mean = next(rest)
            for name, table in layer.tables.items() if mean is not None else ():
                more, other = self._split(name, table, mean)  # type: ignore[arg-type]
                atoms, whole = atoms + more, whole + other
        for name in self._tables:
            mean = next(rest)
            if mean is not None:
                more, other = self._split(name, mean[:, None], torch.ones(1))
                atoms, whole = atoms + more, whole + other
        for graph in self._graphs.values():
            own = [next(rest) for _ in graph.whole]
            gradients = [
                torch.zeros_like(of) if mean is None else mean
                for mean, of in zip(own, graph.whole, strict=True)
            ]
            atoms = atoms + graph.amounts(tuple(gradients))  # type: ignore[arg-type]
        return atoms, whole

    def _split(self, name: str, table: Tensor, mean: Tensor) -> tuple[NDArray[np.float64], float]:
        """Amounts of the positions of a table of weights ``(F, H)``, by a gradient ``(H,)``."""
        row = self._tables[name][0]
        positions = row.nonzero().flatten()
        weights = table.detach()[positions] @ mean.to(table.dtype)
        amounts = (row[positions].double() * weights.double()).numpy()
        return self._shares.split(name, positions.numpy(), amounts)


@dataclass(frozen=True)
class _Seen:
    """E parts of an output at K points of the path.

    Parameters
    ----------
    at
        ``(K,)``: the points.
    values, slopes
        ``(K, E) float64``: the parts, and how they change along the path.
    gradients
        Those of each part by each leaf, ``(K, ...)``; None where it reads nothing of it.
    """

    at: Tensor
    values: Tensor
    slopes: Tensor
    gradients: list[list[Tensor | None]]


def _between(at: Tensor, values: Tensor, slopes: Tensor) -> Tensor:
    """Middles of the parts, between points ``(K,)``, in which slopes ``(K, E)`` miss most."""
    said = (slopes[1:] + slopes[:-1]) / 2 * at.diff()[:, None]
    missed = (said - values.diff(dim=0)).abs().amax(dim=1)
    worst = missed.topk(min(MOST, len(missed))).indices
    bad = worst[missed[worst] > MISSED].sort().values
    return (at[bad] + at[bad + 1]) / 2


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
