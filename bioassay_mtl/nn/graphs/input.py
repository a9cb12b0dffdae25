"""A batch of molecular graphs, as layers read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar, cast

import torch
from torch import Tensor

from bioassay_mtl.chem.representation import GraphSize
from bioassay_mtl.nn.graphs.environments import Environments, mixed
from bioassay_mtl.nn.graphs.incidence import Incidence, offsets_of

Made = TypeVar("Made")


class Codes(NamedTuple):
    """Codes of many atoms or edges, of which few are different.

    Attributes
    ----------
    kinds
        ``(K, sum(widths)) float32``: the different ones, as one-hot vectors side by side.
    reals
        ``(K, R) float32``: their real columns.
    environments
        Index of each row's environment.
    """

    kinds: Tensor
    reals: Tensor
    environments: Environments

    @property
    def which(self) -> Incidence:
        """``(rows, K)``: which of them each row is."""
        return self.environments.which


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
    _made: dict[Any, Any] = field(default_factory=dict, repr=False)

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

    def once(self, make: Callable[..., Made], *settings: Any) -> Made:
        """Result of a function of this batch, for all who ask for the same."""
        key = (make, *settings)
        if key not in self._made:
            self._made[key] = make(self, *settings)
        return cast(Made, self._made[key])


def graph_input(
    size: GraphSize, atoms: Tensor, reals: Tensor, ends: Tensor, bonds: Tensor, *counts: Tensor
) -> GraphInput:
    """The input of some molecules, by index arithmetic on any device.

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
    edges = _codes(bonds.repeat_interleave(2, dim=0), size.bond_widths)
    return joined(_codes(atoms, size.atom_widths, reals), reals, edges, ends, *counts)


def joined(
    atoms: Codes, reals: Tensor, edges: Codes, ends: Tensor, n_atoms: Tensor, n_bonds: Tensor
) -> GraphInput:
    """The input of some molecules whose atoms and edges are encoded, as of :func:`graph_input`."""
    offsets = offsets_of(n_atoms)
    ends = (
        ends.long() + torch.repeat_interleave(offsets[:-1], n_bonds, output_size=len(ends))[:, None]
    )
    everyone = torch.arange(len(reals), device=reals.device)
    return GraphInput(
        atoms,
        reals,
        edges,
        Incidence(ends.flatten(), len(reals)),
        Incidence(ends.flip(1).flatten(), len(reals)),
        Incidence(everyone, len(reals), offsets),
    )


def _codes(codes: Tensor, widths: tuple[int, ...], reals: Tensor | None = None) -> Codes:
    if reals is None:
        reals = codes.new_empty(len(codes), 0, dtype=torch.float32)
    device = codes.device
    sizes = _sizes(widths, device)
    if device.type == "cpu":
        environments = Environments.by(_hashes(codes, sizes, reals))
    else:
        environments = Environments.each(len(codes), device)
    first = environments.first
    kinds = torch.zeros(len(first), sum(widths), device=device)
    kinds.scatter_(1, codes[first].long() + (sizes.cumsum(0) - sizes), 1.0)
    return Codes(kinds, reals[first], environments)


@lru_cache(maxsize=64)
def _sizes(widths: tuple[int, ...], device: torch.device) -> Tensor:
    """Sent to a device once, not with each batch."""
    with torch.inference_mode(False):
        return torch.tensor(widths, device=device)


def _hashes(codes: Tensor, sizes: Tensor, reals: Tensor) -> Tensor:
    radix = sizes.cumprod(0) // sizes
    hashes = mixed((codes.long() * radix).sum(1))
    if reals.shape[1]:
        columns = mixed(torch.arange(1, 1 + reals.shape[1], device=codes.device))
        bits = reals.contiguous().view(torch.int32).long()
        hashes = mixed(hashes + mixed(bits + columns).sum(1))
    return hashes
