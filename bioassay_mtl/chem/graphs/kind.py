"""Graphs as a kind of input, beside the fingerprints."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from bioassay_mtl.chem.fingerprints.base import fingerprints
from bioassay_mtl.chem.graphs.binary import PICKLE_OPTIONS, read_fields, slow_fields
from bioassay_mtl.chem.graphs.block import MAX_ATOMS, GraphBlock
from bioassay_mtl.chem.graphs.canonical import canonical_order
from bioassay_mtl.chem.graphs.chirality import with_canonical_tags
from bioassay_mtl.chem.graphs.codes import CodeSet, code_sets
from bioassay_mtl.chem.graphs.encodings import laplacian, random_walk
from bioassay_mtl.chem.graphs.fields import MolFields
from bioassay_mtl.chem.representation import Encoder, GraphSize, Representation


@fingerprints.register("graph")
class MolecularGraph(Representation):
    """Atoms and bonds of the molecule as it is written: no hydrogens added, no salts removed.

    Codes of chirality are RDKit's tags, as in OGB and chemprop, and always those of the canonical
    SMILES: elsewhere they depend on the order in which the neighbors of a center are written.

    Parameters
    ----------
    codes
        Name of the set of codes: ``ogb`` or ``chemprop``.
    random_walk
        Steps of the random-walk encoding of each atom (0: none).
    laplacian
        Eigenvectors of the graph Laplacian as an encoding of each atom (0: none).

    Examples
    --------
    >>> from rdkit.Chem import MolFromSmiles
    >>> block = MolecularGraph().block([MolFromSmiles("CCO"), MolFromSmiles("C")])
    >>> block.atom_offsets.tolist(), block.ends.tolist()
    ([0, 3, 4], [[0, 1], [1, 2]])
    >>> block.batch().edge_index.tolist()
    [[0, 1, 1, 2], [1, 0, 2, 1]]
    """

    kind: Literal["graph"] = "graph"
    codes: str = "ogb"
    random_walk: int = Field(default=0, ge=0, le=64)
    laplacian: int = Field(default=0, ge=0, le=64)

    @field_validator("codes")
    @classmethod
    def _known(cls, value: str) -> str:
        code_sets[value]
        return value

    @property
    def code_set(self) -> CodeSet:
        """Meaning of the codes."""
        return code_sets[self.codes]

    @property
    def n_reals(self) -> int:
        """Number of real columns of an atom."""
        return self.code_set.mass + self.random_walk + self.laplacian

    @property
    def n_features(self) -> int:
        """Width of an atom's vector in the multi-hot layout, real columns included."""
        return self.code_set.n_atom_slots + self.n_reals

    @property
    def input_size(self) -> GraphSize:
        """Numbers of codes, and of real columns."""
        return GraphSize(self.code_set.atom_widths, self.code_set.bond_widths, self.n_reals)

    @property
    def summary(self) -> str:
        """Summary in a word or two, for people."""
        return f"graphs, {self.codes} codes"

    def encoder(self) -> Encoder:
        def encode(mol: Any) -> bytes:
            text: bytes = mol.ToBinary(PICKLE_OPTIONS)
            if len(text) > MAX_ATOMS and mol.GetNumAtoms() > MAX_ATOMS:
                raise ValueError(f"a graph holds {MAX_ATOMS} atoms, found {mol.GetNumAtoms()}")
            return text

        return encode

    def decode(self, texts: Sequence[bytes]) -> GraphBlock:
        fields, was_read = read_fields(texts)
        block = self._block(fields, [*compress(texts, was_read)])
        if was_read.all():
            return block
        unread = [*compress(texts, ~was_read)]
        others = self._block(slow_fields(unread), unread)
        order = np.argsort(np.concatenate([np.flatnonzero(was_read), np.flatnonzero(~was_read)]))
        return GraphBlock.concatenate([block, others]).take(order)

    def holds(self, block: object) -> bool:
        """Whether a block, made elsewhere, can be one of these graphs: codes and real columns."""
        return (
            isinstance(block, GraphBlock)
            and block.codes == self.codes
            and block.reals.shape[1] == self.n_reals
        )

    def _block(self, fields: MolFields, texts: Sequence[bytes]) -> GraphBlock:
        code_set = self.code_set
        fields = with_canonical_tags(fields, texts)
        atoms = np.empty((len(fields.isotopes), len(code_set.atoms)), dtype=np.uint8)
        for i, column in enumerate(code_set.atoms):
            atoms[:, i] = column.table()[fields.atoms[column.field]]
        bonds = np.empty((len(fields.ends), len(code_set.bonds)), dtype=np.uint8)
        for i, column in enumerate(code_set.bonds):
            bonds[:, i] = column.table()[fields.bonds[column.field]]
        return GraphBlock(
            _offsets(fields.n_atoms),
            _offsets(fields.n_bonds),
            atoms,
            fields.ends,
            bonds,
            self._reals(fields, texts),
            self.codes,
        )

    def _reals(self, fields: MolFields, texts: Sequence[bytes]) -> NDArray[np.float32]:
        graph = fields.n_atoms, fields.n_bonds, fields.ends
        columns: list[NDArray[Any]] = [np.zeros((len(fields.isotopes), 0), dtype=np.float32)]
        if self.code_set.mass:
            columns.append((0.01 * fields.masses())[:, None])
        if self.random_walk:
            columns.append(random_walk(*graph, self.random_walk))
        if self.laplacian:
            found = laplacian(*graph, self.laplacian, lambda i: canonical_order(texts[i]))
            columns.append(found)
        return np.concatenate(columns, axis=1, dtype=np.float32)


def _offsets(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets
