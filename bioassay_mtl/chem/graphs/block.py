"""Graph blocks: the graphs of many molecules in a few flat arrays."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.blocks import Block
from bioassay_mtl.chem.graphs.codes import CodeSet, code_sets
from bioassay_mtl.chem.representation import GraphSize
from bioassay_mtl.errors import counted

MAX_ATOMS = 65_535
"""Most atoms of a molecule: ends of bonds are 16 bits."""

_CHECKED_AT_ONCE = 100_000  # molecules


class GraphBatch(NamedTuple):
    """Graphs of n molecules as one graph that falls into n parts.

    Every bond is two edges, one after the other: ``2 k`` from its begin to its end, ``2 k + 1``
    back.

    Attributes
    ----------
    atoms
        ``(n_atoms, A) uint8`` codes.
    reals
        ``(n_atoms, R) float32``.
    edge_index
        ``(2, n_edges) int64``: source and target atom of each edge.
    edges
        ``(n_edges, B) uint8`` codes.
    reverse
        ``(n_edges,) int64``: the edge that goes the other way (for directed message passing).
    molecule
        ``(n_atoms,) int64``, ascending: the molecule of each atom.
    atom_offsets
        ``(n + 1,) int64``; molecule i owns atoms ``atom_offsets[i]`` to ``atom_offsets[i + 1]``.
    """

    atoms: NDArray[np.uint8]
    reals: NDArray[np.float32]
    edge_index: NDArray[np.int64]
    edges: NDArray[np.uint8]
    reverse: NDArray[np.int64]
    molecule: NDArray[np.int64]
    atom_offsets: NDArray[np.int64]

    @property
    def n_molecules(self) -> int:
        """Molecules without atoms count too."""
        return len(self.atom_offsets) - 1


@dataclass(frozen=True)
class GraphBlock(Block):
    """Molecular graphs, atoms and bonds of one molecule after another.

    Parameters
    ----------
    atom_offsets, bond_offsets
        ``(n + 1,) int64``; a molecule that could not be used has neither atoms nor bonds.
    atoms
        ``(n_atoms, A) uint8``: codes, one column for each of ``code_set.atoms``.
    ends
        ``(n_bonds, 2) uint16``: begin and end atom, counted from 0 inside the molecule.
    bonds
        ``(n_bonds, B) uint8``: codes, one column for each of ``code_set.bonds``.
    reals
        ``(n_atoms, R) float32``: a hundredth of the mass where the set of codes has it, then
        positional encodings.
    codes
        Name of the set of codes.
    """

    kind = "graphs"
    is_table = False
    atom_offsets: NDArray[np.int64]
    bond_offsets: NDArray[np.int64]
    atoms: NDArray[np.uint8]
    ends: NDArray[np.uint16]
    bonds: NDArray[np.uint8]
    reals: NDArray[np.float32]
    codes: str

    def __post_init__(self) -> None:
        n_atoms, n_bonds, code_set = len(self.atoms), len(self.bonds), self.code_set
        expected = {
            "atom_offsets": (np.int64, (len(self.bond_offsets),)),
            "bond_offsets": (np.int64, (len(self.atom_offsets),)),
            "atoms": (np.uint8, (n_atoms, len(code_set.atoms))),
            "ends": (np.uint16, (n_bonds, 2)),
            "bonds": (np.uint8, (n_bonds, len(code_set.bonds))),
            "reals": (np.float32, (n_atoms, *self.reals.shape[1:2])),
        }
        for name, (dtype, shape) in expected.items():
            found = getattr(self, name)
            if found.dtype != dtype or found.shape != shape:
                raise ValueError(
                    f"{name} of {self.codes} graphs must be {shape} {np.dtype(dtype)}, "
                    f"found {found.shape} {found.dtype}"
                )
        for offsets, end in ((self.atom_offsets, n_atoms), (self.bond_offsets, n_bonds)):
            if not len(offsets) or offsets[0] != 0 or offsets[-1] != end:
                raise ValueError(
                    f"offsets must go from 0 to {end}, found {offsets[:1]} to {offsets[-1:]}"
                )

    def __len__(self) -> int:
        return len(self.atom_offsets) - 1

    @property
    def code_set(self) -> CodeSet:
        """Meaning of the codes."""
        return code_sets[self.codes]

    @property
    def n_features(self) -> int:
        """Width of an atom's vector in the multi-hot layout, real columns included."""
        n_reals: int = self.reals.shape[1]
        return self.code_set.n_atom_slots + n_reals

    @property
    def input_size(self) -> GraphSize:
        """Numbers of codes, and of real columns."""
        n_reals: int = self.reals.shape[1]
        return GraphSize(self.code_set.atom_widths, self.code_set.bond_widths, n_reals)

    def row_keys(self) -> Iterator[Hashable]:
        atoms = zip(self.atom_offsets[:-1], self.atom_offsets[1:], strict=True)
        bonds = zip(self.bond_offsets[:-1], self.bond_offsets[1:], strict=True)
        for (a, b), (c, d) in zip(atoms, bonds, strict=True):
            parts = self.atoms[a:b], self.reals[a:b], self.ends[c:d], self.bonds[c:d]
            yield tuple(part.tobytes() for part in parts)

    def settings(self) -> dict[str, Any]:
        return {"kind": "graph", "codes": self.codes}

    def untold(self) -> str:
        n_reals = counted(self.reals.shape[1], "real column")
        return f"the graphs have {n_reals}; set random_walk and laplacian"

    def check(self) -> None:
        """Make sure that bonds lead to atoms, codes have a meaning and reals are finite.

        Raises
        ------
        ValueError
            Otherwise.
        """
        code_set = self.code_set
        for start in range(0, len(self), _CHECKED_AT_ONCE):
            stop = min(start + _CHECKED_AT_ONCE, len(self))
            n_atoms = np.diff(self.atom_offsets[start : stop + 1])
            n_bonds = np.diff(self.bond_offsets[start : stop + 1])
            if n_atoms.min() < 0 or n_bonds.min() < 0:
                raise ValueError(f"offsets fall among molecules {start} to {stop}")
            atoms = slice(self.atom_offsets[start], self.atom_offsets[stop])
            bonds = slice(self.bond_offsets[start], self.bond_offsets[stop])
            if (self.ends[bonds] >= np.repeat(n_atoms, n_bonds)[:, None]).any():
                raise ValueError(f"a bond among molecules {start} to {stop} leads to no atom")
            for codes, widths in (
                (self.atoms[atoms], code_set.atom_widths),
                (self.bonds[bonds], code_set.bond_widths),
            ):
                if (codes.max(axis=0, initial=0) >= widths).any():
                    raise ValueError(f"a code among molecules {start} to {stop} is out of range")
            if not np.isfinite(self.reals[atoms]).all():
                raise ValueError(f"a real column of molecules {start} to {stop} is not finite")

    def take(self, rows: NDArray[Any]) -> GraphBlock:
        """Some molecules, in that order; rows are positions or a mask."""
        rows = np.arange(len(self))[rows] if rows.dtype == np.bool_ else rows
        atom, atom_offsets = _owned(self.atom_offsets, rows)
        bond, bond_offsets = _owned(self.bond_offsets, rows)
        return GraphBlock(
            atom_offsets,
            bond_offsets,
            self.atoms[atom],
            self.ends[bond],
            self.bonds[bond],
            self.reals[atom],
            self.codes,
        )

    def batch(self, rows: NDArray[Any] | None = None) -> GraphBatch:
        """Some molecules (all, by default) as one graph, ready for a network."""
        block = self if rows is None else self.take(rows)
        first, n_atoms = block.atom_offsets[:-1], np.diff(block.atom_offsets)
        ends = block.ends + np.repeat(first, np.diff(block.bond_offsets))[:, None]
        edge_index = np.empty((2, 2 * len(ends)), dtype=np.int64)
        edge_index[:, ::2], edge_index[:, 1::2] = ends.T, ends.T[::-1]
        return GraphBatch(
            block.atoms,
            block.reals,
            edge_index,
            np.repeat(block.bonds, 2, axis=0),
            np.arange(2 * len(ends)) ^ 1,
            np.repeat(np.arange(len(block)), n_atoms),
            block.atom_offsets,
        )

    @staticmethod
    def concatenate(blocks: Sequence[GraphBlock]) -> GraphBlock:
        """Stack blocks of the same codes on top of each other."""
        kinds = {(block.codes, block.reals.shape[1]) for block in blocks}
        if len(kinds) != 1:
            raise ValueError(f"blocks must have the same codes and real columns, found {kinds}")
        joined = {
            field.name: np.concatenate([getattr(block, field.name) for block in blocks])
            for field in fields(GraphBlock)
            if field.name in ("atoms", "ends", "bonds", "reals")
        }
        return GraphBlock(
            stacked([block.atom_offsets for block in blocks]),
            stacked([block.bond_offsets for block in blocks]),
            codes=blocks[0].codes,
            **joined,
        )

    def stable_bytes(self) -> Iterator[bytes]:
        """All that must be equal wherever the same graphs are made.

        Positional encodings are left out: linear algebra libraries round in their own ways.
        """
        yield self.codes.encode()
        for offsets in (self.atom_offsets, self.bond_offsets):
            yield offsets.astype("<i8").tobytes()
        yield self.ends.astype("<u2").tobytes()
        yield self.atoms.tobytes()
        yield self.bonds.tobytes()


def _owned(offsets: NDArray[np.int64], rows: NDArray[Any]) -> tuple[Any, NDArray[np.int64]]:
    """Positions that rows own, and the offsets of these rows among them."""
    starts, lengths = offsets[:-1][rows], np.diff(offsets)[rows]
    taken = np.zeros(len(rows) + 1, dtype=np.int64)
    np.cumsum(lengths, out=taken[1:])
    return np.repeat(starts - taken[:-1], lengths) + np.arange(taken[-1]), taken


def stacked(parts: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Offsets of parts on top of each other."""
    ends = np.cumsum([0, *(part[-1] for part in parts)])
    moved = [part[1:] + end for part, end in zip(parts, ends[:-1], strict=True)]
    return np.concatenate([np.zeros(1, dtype=np.int64), *moved])
