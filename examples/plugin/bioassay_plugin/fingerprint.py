"""A fingerprint: how many rings of each size a molecule has."""

from __future__ import annotations

from typing import Any, Literal

from bioassay_mtl.chem.fingerprints import Fingerprint
from bioassay_mtl.chem.representation import Encoder


class RingSizes(Fingerprint):
    """Position i is set, or counted, for each ring of i atoms; larger rings are at the last."""

    kind: Literal["ring_sizes"] = "ring_sizes"
    n_bits: int = 32

    def encoder(self) -> Encoder:
        """From an RDKit molecule to the bytes of one of RDKit's vectors."""
        return self._counted if self.counts else self._marked

    def _places(self, mol: Any) -> list[int]:
        return [min(len(ring), self.n_bits - 1) for ring in mol.GetRingInfo().AtomRings()]

    def _counted(self, mol: Any) -> bytes:
        from rdkit.DataStructs import UIntSparseIntVect

        vector = UIntSparseIntVect(self.n_bits)
        for place in self._places(mol):
            vector[place] += 1
        return bytes(vector.ToBinary())

    def _marked(self, mol: Any) -> bytes:
        from rdkit.DataStructs import BitVectToBinaryText, ExplicitBitVect

        vector = ExplicitBitVect(self.n_bits)
        vector.SetBitsFromList(self._places(mol))
        return bytes(BitVectToBinaryText(vector))
