"""Tags of stereo centers that do not depend on how a molecule is written.

RDKit's tag of a center (clockwise or not) follows the order in which its neighbors are written, so
that one molecule has as many codes as writings. Those of its canonical SMILES are taken for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from rdkit.Chem import MolFromSmiles, SmilesParserParams
from rdkit.rdBase import BlockLogs

from bioassay_mtl.chem.graphs.canonical import canonical_smiles
from bioassay_mtl.chem.graphs.fields import Column, MolFields


def with_canonical_tags(fields: MolFields, texts: Sequence[bytes]) -> MolFields:
    """Fields whose stereo centers have the tags of the canonical SMILES; atoms stay in their order.

    Parameters
    ----------
    fields
        Fields of n molecules.
    texts
        The same molecules, each from ``mol.ToBinary``.
    """
    tags = fields.atoms["chirality"]
    ends = np.cumsum(fields.n_atoms)
    centers = np.unique(np.searchsorted(ends, np.flatnonzero(tags), side="right"))
    if not len(centers):
        return fields
    tags = tags.copy()
    with BlockLogs():
        for molecule in centers.tolist():
            atoms = slice(ends[molecule] - fields.n_atoms[molecule], ends[molecule])
            tags[atoms] = _canonical_tags(texts[molecule], tags[atoms])
    return replace(fields, atoms=fields.atoms | {"chirality": tags})


def _canonical_tags(text: bytes, written: Column) -> Column:
    try:
        smiles, order = canonical_smiles(text)
    except RuntimeError:
        return written
    again = MolFromSmiles(smiles, _as_written())
    if again is None or again.GetNumAtoms() != len(written):  # RDKit cannot read what it wrote
        return written
    place = np.argsort(order)
    tags = np.zeros_like(written)
    for center in np.flatnonzero(written).tolist():
        tags[center] = int(again.GetAtomWithIdx(int(place[center])).GetChiralTag())
    return tags


def _as_written() -> SmilesParserParams:
    params = SmilesParserParams()
    params.removeHs = False
    params.sanitize = False  # only centers are written with a tag
    return params
