"""Graphs whose atoms and bonds fade in: one molecule several times, from no features to all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bioassay_mtl.chem.graphs import GraphBlock
from bioassay_mtl.nn.graphs import Codes, Environments, GraphInput
from bioassay_mtl.nn.graphs.input import joined

Vectors = tuple[Tensor, Tensor, Tensor]
"""Vectors of atoms ``(..., n, .)``, their reals ``(..., n, R)``, and of bonds ``(..., m, .)``."""


@dataclass(frozen=True)
class FadedGraph:
    """A molecule whose vectors of atoms and bonds can be scaled.

    Parameters
    ----------
    whole
        Vectors of the molecule itself.
    ends
        ``(m, 2) int64``: the atoms of each bond.
    """

    whole: Vectors
    ends: Tensor

    @staticmethod
    def of(block: GraphBlock) -> FadedGraph:
        """The one molecule of a block."""
        size = block.input_size
        codes, reals, bonds = (
            torch.from_numpy(np.ascontiguousarray(each))
            for each in (block.atoms, block.reals, block.bonds)
        )
        whole = _one_hot(codes, size.atom_widths), reals, _one_hot(bonds, size.bond_widths)
        return FadedGraph(whole, torch.from_numpy(block.ends.astype(np.int64)))

    def at(self, shares: Tensor) -> tuple[GraphInput, Vectors]:
        """The molecule S times, scaled by ``shares (S,)``, and the vectors to take gradients by.

        Atoms that are alike stay apart, so that each has a gradient of its own.
        """
        n = len(shares)
        leaves = tuple(
            (shares[:, None, None] * each).detach().requires_grad_() for each in self.whole
        )
        atoms, reals, bonds = (leaf.flatten(0, 1) for leaf in leaves)
        edges = bonds.repeat_interleave(2, dim=0)
        graph = joined(
            _apart(atoms, reals),
            reals,
            _apart(edges, edges.new_zeros(len(edges), 0)),
            self.ends.repeat(n, 1),
            *(torch.full((n,), each.shape[0]) for each in (self.whole[0], self.ends)),
        )
        return graph, leaves  # type: ignore[return-value]

    def amounts(self, gradients: Vectors) -> NDArray[np.float64]:
        """``(n,)``: mean gradients by the vectors, times what the atoms have.

        A bond's amount is shared by its two atoms.
        """
        of_atoms, of_reals, of_bonds = (
            (gradient * whole).sum(dim=1).double().numpy()
            for gradient, whole in zip(gradients, self.whole, strict=True)
        )
        found: NDArray[np.float64] = of_atoms + of_reals
        for side in (0, 1):
            np.add.at(found, self.ends[:, side].numpy(), of_bonds / 2)
        return found


def _one_hot(codes: Tensor, widths: tuple[int, ...]) -> Tensor:
    sizes = torch.tensor(widths)
    found = torch.zeros(len(codes), sum(widths))
    return found.scatter_(1, codes.long() + (sizes.cumsum(0) - sizes), 1.0)


def _apart(kinds: Tensor, reals: Tensor) -> Codes:
    environments = Environments.each(len(kinds), kinds.device)
    n = len(environments)
    return Codes(_filled(kinds, n), _filled(reals, n), environments)


def _filled(rows: Tensor, n: int) -> Tensor:
    """Rows with those in excess, equal to the first: the gradient of an index takes long."""
    return torch.cat([rows, rows[:1].expand(n - len(rows), -1)])
