"""A batch of molecular graphs, as layers read it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from bioassay_mtl.chem.representation import GraphSize
from bioassay_mtl.nn.graphs.incidence import Incidence, offsets_of
from bioassay_mtl.nn.products import BLOCK


class Codes(NamedTuple):
    """Codes of many atoms or edges, of which few are different.

    Attributes
    ----------
    kinds
        ``(K, sum(widths)) float32``: the different ones, as one-hot vectors side by side.
    which
        ``(rows, K)``: which of them each row is.
    """

    kinds: Tensor
    which: Incidence


@dataclass
class GraphInput:
    """Graphs of B molecules as one graph.

    Parameters
    ----------
    atoms
        Codes of N atoms.
    reals
        ``(N, R) float32``.
    edges
        Codes of M edges: two for each bond, one after the other, there and back.
    source, target
        ``(M, N)``: where each edge begins and ends.
    molecules
        ``(B, N)``: the atoms of each molecule.
    """

    atoms: Codes
    reals: Tensor
    edges: Codes
    source: Incidence
    target: Incidence
    molecules: Incidence

    def __len__(self) -> int:
        return self.molecules.n_rows

    @property
    def incoming(self) -> Incidence:
        """``(N, M)``: the edges that end at each atom."""
        return self.target.transposed

    @property
    def owner(self) -> Incidence:
        """``(N, B)``: the molecule of each atom."""
        return self.molecules.transposed

    @cached_property
    def onward(self) -> Incidence:
        """``(M, M)``: for each edge those that end where it begins, but for its own reverse."""
        offsets = self.incoming.offsets
        assert offsets is not None
        begin, end = self.source.columns, self.target.columns
        counts = offsets.diff()[begin] * (begin != end)  # nothing joins an atom to itself
        edge = torch.repeat_interleave(counts)
        within = torch.arange(len(edge), device=edge.device) - offsets_of(counts)[edge]
        before = self.incoming.columns[offsets[begin[edge]] + within]
        kept = before != edge ^ 1
        return Incidence(
            before[kept], len(begin), offsets_of(torch.bincount(edge[kept], minlength=len(begin)))
        )


def graph_input(
    size: GraphSize, atoms: Tensor, reals: Tensor, ends: Tensor, bonds: Tensor, *counts: Tensor
) -> GraphInput:
    """The input of some molecules, by index arithmetic on any device.

    For a prediction there are atoms of no molecule, and edges between these, so that the numbers of
    both are whole blocks: then no result depends on what else is in the batch.

    Parameters
    ----------
    size
        Numbers of codes.
    atoms, bonds
        ``(N, A)`` and ``(M / 2, B)``: codes.
    reals
        ``(N, R) float32``.
    ends
        ``(M / 2, 2)``: atoms of each bond, counted from 0 inside the molecule.
    counts
        ``(B,) int64`` numbers of atoms, and of bonds.
    """
    n_atoms, n_bonds = counts
    offsets = offsets_of(n_atoms)
    ends = ends.long() + torch.repeat_interleave(offsets[:-1], n_bonds)[:, None]
    edges = bonds.repeat_interleave(2, dim=0)
    n_real = len(atoms)
    if torch.is_inference_mode_enabled():
        more = BLOCK - len(atoms) % BLOCK  # at least one
        atoms, reals = (functional.pad(x, (0, 0, 0, more)) for x in (atoms, reals))
        more = -len(edges) % BLOCK
        edges = functional.pad(edges, (0, 0, 0, more))
        ends = functional.pad(ends, (0, 0, 0, more // 2), value=n_real)
    everyone = torch.arange(n_real, device=atoms.device)
    return GraphInput(
        _codes(atoms, size.atom_widths),
        reals,
        _codes(edges, size.bond_widths),
        Incidence(ends.flatten(), len(atoms)),
        Incidence(ends.flip(1).flatten(), len(atoms)),
        Incidence(everyone, len(atoms), offsets),
    )


def _codes(codes: Tensor, widths: tuple[int, ...]) -> Codes:
    sizes = torch.tensor(widths, device=codes.device)
    radix = sizes.cumprod(0) // sizes
    numbers, which = torch.unique((codes.long() * radix).sum(1), return_inverse=True)
    digits = numbers[:, None] // radix % sizes
    n_rows = len(numbers)
    if torch.is_inference_mode_enabled():
        n_rows += -n_rows % BLOCK
    kinds = torch.zeros(n_rows, sum(widths), device=codes.device)
    kinds[: len(numbers)].scatter_(1, digits + (sizes.cumsum(0) - sizes), 1.0)
    return Codes(kinds, Incidence(which, n_rows))
