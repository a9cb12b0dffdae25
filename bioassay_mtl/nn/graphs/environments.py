"""Atoms and edges with equal surroundings are computed once.

What a layer gives an atom depends on its neighborhood alone, so that atoms whose neighborhoods
are alike (Weisfeiler and Lehman's refinement) have one vector. Drug-like molecules are made of few
parts: in a batch of 64 with 1,000 atoms and 2,000 edges, the first layer of a D-MPNN has 350
different results, the second 700. Layers work on these, with sums, derivatives and all else equal
to those over all atoms.

Environments are known by 64-bit hashes of their content, in whose order they are kept: no sum
depends on the order of atoms, or on what else is in the batch.

An accelerator would have to be asked for the number of environments, layer after layer, while its
products are cheap: there each atom and each edge is one of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional

from bioassay_mtl.nn.graphs.incidence import Incidence, offsets_of
from bioassay_mtl.nn.products import BLOCK

SMALLEST_BLOCK = 32
"""Environments that training counts by, at least: see :func:`_block`."""


@dataclass(frozen=True)
class Environments:
    """Classes of n atoms or edges that are alike.

    There are rows in excess, equal to the first, so that their number K is a whole number of
    blocks: then no prediction depends on what else is in the batch.

    Parameters
    ----------
    hashes
        ``(n,) int64``: equal for equal environments, in all batches.
    of
        ``(n,) int64``: number of the environment of each.
    first
        ``(K,) int64``: the first that has the environment.
    is_each
        Whether each is one of its own, and stays so from layer to layer.
    """

    hashes: Tensor
    of: Tensor
    first: Tensor
    is_each: bool = False

    @staticmethod
    def by(hashes: Tensor) -> Environments:
        """Environments that hashes tell apart."""
        different, of = torch.unique(hashes, return_inverse=True)
        numbers = torch.arange(len(of), device=of.device)
        # Assigned, `first` would be any of them, one now and another then, where threads share it.
        first = torch.full_like(different, len(of)).scatter_reduce(0, of, numbers, "amin")
        return Environments(hashes, of, _in_blocks(first))

    @staticmethod
    def each(n: int, device: torch.device) -> Environments:
        """One for each of n."""
        numbers = torch.arange(n, device=device)
        return Environments(numbers, numbers, _in_blocks(numbers), is_each=True)

    def grown(self, hashes: Callable[[], Tensor]) -> Environments:
        """Environments of the next layer, which hashes tell apart."""
        return self if self.is_each else Environments.by(hashes())

    def __len__(self) -> int:
        return len(self.first)

    @cached_property
    def which(self) -> Incidence:
        """``(n, K)``."""
        return Incidence(self.of, len(self))

    def at(self, rows: Tensor) -> Incidence:
        """``(len(rows), K)``: the environments of some rows."""
        return Incidence(self.of[rows], len(self))

    def around(self, matrix: Incidence, rows: Tensor, but: Tensor | None = None) -> Incidence:
        """``(len(rows), K)``: environments of what rows of a matrix hold, in their order.

        Parameters
        ----------
        matrix
            ``(any, n)``.
        rows
            Indices of its rows.
        but
            Column to leave out, for each of these rows.
        """
        offsets = matrix.offsets
        assert offsets is not None
        counts = matrix.counts[rows]
        row = torch.repeat_interleave(counts)
        within = torch.arange(len(row), device=row.device) - offsets_of(counts)[row]
        entries = matrix.columns[offsets[rows][row] + within]
        if but is not None:
            kept = entries != but[row]
            row, entries = row[kept], entries[kept]
            counts = torch.bincount(row, minlength=len(rows))
        order = torch.sort(row * len(self) + self.of[entries])[0]
        return Incidence(order - row * len(self), len(self), offsets_of(counts))


def _in_blocks(first: Tensor) -> Tensor:
    excess = -len(first) % _block(len(first))
    return torch.cat([first, first[:1].expand(excess)])


def _block(n: int) -> int:
    """Number that n is rounded up to a multiple of, by at most a sixteenth in training.

    oneDNN writes a program for every number of rows that it meets, of a megabyte or two, and keeps
    it: they must be few.
    """
    if torch.is_inference_mode_enabled():
        return BLOCK
    return max(SMALLEST_BLOCK, (1 << n.bit_length()) // 32)


def mixed(x: Tensor) -> Tensor:
    """Numbers ``int64`` that look random, different ones for different ones (splitmix64)."""
    x = (x ^ ((x >> 30) & 0x3FFFFFFFF)) * -0x40A7B892E31B1A47
    x = (x ^ ((x >> 27) & 0x1FFFFFFFFF)) * -0x6B2FB644ECCEEE15
    return x ^ ((x >> 31) & 0x1FFFFFFFF)


def hashed(*parts: Tensor) -> Tensor:
    """Hash of hashes in their order."""
    total = parts[0]
    for part in parts[1:]:
        total = mixed(total * 0x1E3779B97F4A7C15 + part)
    return total


def gathered(matrix: Incidence, hashes: Tensor) -> Tensor:
    """Hash of the hashes that each row of a matrix holds, in any order: their sums."""
    assert matrix.offsets is not None
    return functional.pad(hashes[matrix.columns].cumsum(0), (1, 0))[matrix.offsets].diff()
