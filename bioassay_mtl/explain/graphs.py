"""Graphs whose atoms and bonds fade in: one molecule several times, from no features to all."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bioassay_mtl.chem.graphs import GraphBlock
from bioassay_mtl.nn.graphs import Codes, GraphInput
from bioassay_mtl.nn.graphs.environments import Environments, mixed
from bioassay_mtl.nn.graphs.input import graph_input


@dataclass
class FadedGraphs:
    """One molecule S times with its bonds, whose vectors of atoms and bonds are scaled.

    Atoms that are alike stay apart, so that each has a gradient of its own.

    Parameters
    ----------
    graph
        Graph that a network reads.
    atoms, reals, bonds
        ``(S, n, .)``, ``(S, n, R)`` and ``(S, m, .)``: the vectors, which gradients are taken by.
    whole
        The same of the molecule itself, ``(n, .)``, ``(n, R)`` and ``(m, .)``.
    ends
        ``(m, 2)``: the atoms of each bond.
    """

    graph: GraphInput
    leaves: tuple[Tensor, Tensor, Tensor]
    whole: tuple[Tensor, Tensor, Tensor]
    ends: NDArray[np.int64]

    @staticmethod
    def of(block: GraphBlock, shares: Tensor) -> FadedGraphs:
        """Copies of the one molecule of a block, scaled by ``shares (S,)``."""
        size, n = block.input_size, len(shares)
        codes, reals, bonds = (
            torch.from_numpy(np.ascontiguousarray(each))
            for each in (block.atoms, block.reals, block.bonds)
        )
        ends = block.ends.astype(np.int64)
        counts = torch.full((n,), len(codes)), torch.full((n,), len(bonds))
        graph = graph_input(
            size,
            codes.repeat(n, 1),
            reals.repeat(n, 1),
            torch.from_numpy(ends).repeat(n, 1),
            bonds.repeat(n, 1),
            *counts,
        )
        whole = _one_hot(codes, size.atom_widths), reals, _one_hot(bonds, size.bond_widths)
        leaves = tuple((shares[:, None, None] * each).detach().requires_grad_() for each in whole)
        atoms, numbers, edges = (leaf.flatten(0, 1) for leaf in leaves)
        none = edges.new_zeros(2 * len(edges), 0)
        faded = replace(
            graph,
            atoms=_apart(atoms, numbers),
            reals=numbers,
            edges=_apart(edges.repeat_interleave(2, dim=0), none),
            _made={},
        )
        return FadedGraphs(faded, leaves, whole, ends)  # type: ignore[arg-type]

    def amounts(self, gradients: tuple[Tensor, Tensor, Tensor]) -> NDArray[np.float64]:
        """``(n,)``: mean gradients, ``(n, .)`` and so on, times what the atoms have.

        A bond's amount is shared by its two atoms.
        """
        of_atoms, of_reals, of_bonds = (
            (gradient * whole).sum(dim=1).double().numpy()
            for gradient, whole in zip(gradients, self.whole, strict=True)
        )
        found: NDArray[np.float64] = of_atoms + of_reals
        for side in (0, 1):
            np.add.at(found, self.ends[:, side], of_bonds / 2)
        return found


def _one_hot(codes: Tensor, widths: tuple[int, ...]) -> Tensor:
    sizes = torch.tensor(widths)
    found = torch.zeros(len(codes), sum(widths))
    return found.scatter_(1, codes.long() + (sizes.cumsum(0) - sizes), 1.0)


def _apart(kinds: Tensor, reals: Tensor) -> Codes:
    environments = Environments.by(mixed(torch.arange(1, 1 + len(kinds))))
    return Codes(kinds[environments.first], reals[environments.first], environments)
