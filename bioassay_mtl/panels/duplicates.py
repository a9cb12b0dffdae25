"""Which rows of a panel are copies of the same molecule."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.blocks import Block
from bioassay_mtl.chem.descriptors import DenseBlock
from bioassay_mtl.chem.features import PackedBits
from bioassay_mtl.chem.graphs import GraphBlock
from bioassay_mtl.chem.status import Status


def group_by_structure(structures: Sequence[str]) -> NDArray[np.int64]:
    """Group rows by canonical SMILES, ``(n,) int64``.

    Stereochemistry counts; atom maps and isotopes do not
    (:func:`bioassay_mtl.chem.molecule.molecule_key`).

    A SMILES that cannot be used is in a group of its own, also where it occurs twice: nothing is
    known of it.
    """
    from bioassay_mtl.chem.isolation import each
    from bioassay_mtl.chem.molecule import molecule_key

    texts = [*dict.fromkeys(structures)]
    canonical = dict(zip(texts, each(molecule_key, texts), strict=True))
    keys = (canonical[smiles] for smiles in structures)
    known = (None if isinstance(key, Status) else key for key in keys)
    return number(row if key is None else key for row, key in enumerate(known))


def group_by_features(blocks: Sequence[Block]) -> NDArray[np.int64]:
    """Group rows that have the same features in every block, ``(n,) int64``."""
    return number(zip(*(_row_keys(block) for block in blocks), strict=True))


def number(keys: Iterable[Hashable]) -> NDArray[np.int64]:
    """Number equal keys alike, 0, 1, 2, ... in order of first appearance, ``(n,) int64``."""
    known: dict[Hashable, int] = {}
    return np.fromiter((known.setdefault(key, len(known)) for key in keys), np.int64)


def _row_keys(block: Block) -> Iterable[Hashable]:
    if isinstance(block, PackedBits):
        return (row.tobytes() for row in block.packed)
    if isinstance(block, DenseBlock):
        return (row.tobytes() for row in block.values)
    if isinstance(block, GraphBlock):
        return _graph_keys(block)
    ends = zip(block.offsets[:-1], block.offsets[1:], strict=True)
    return (block.indices[a:b].tobytes() + block.counts[a:b].tobytes() for a, b in ends)


def _graph_keys(block: GraphBlock) -> Iterable[Hashable]:
    atoms = zip(block.atom_offsets[:-1], block.atom_offsets[1:], strict=True)
    bonds = zip(block.bond_offsets[:-1], block.bond_offsets[1:], strict=True)
    for (a, b), (c, d) in zip(atoms, bonds, strict=True):
        parts = block.atoms[a:b], block.reals[a:b], block.ends[c:d], block.bonds[c:d]
        yield tuple(part.tobytes() for part in parts)
