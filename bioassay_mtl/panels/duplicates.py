"""Duplicates among the rows of a panel."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.blocks import Block
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
    return number(zip(*(block.row_keys() for block in blocks), strict=True))


def number(keys: Iterable[Hashable]) -> NDArray[np.int64]:
    """Number equal keys alike, 0, 1, 2, ... in order of first appearance, ``(n,) int64``."""
    known: dict[Hashable, int] = {}
    return np.fromiter((known.setdefault(key, len(known)) for key in keys), np.int64)
