"""MACCS keys: 166 fixed substructures."""

from __future__ import annotations

from typing import Literal

from bioassay_mtl.chem.fingerprints.base import Fingerprint, bit_encoder, fingerprints
from bioassay_mtl.chem.representation import Encoder


@fingerprints.register("maccs")
class MACCSFingerprint(Fingerprint):
    """Public MACCS keys (Durant, doi 10.1021/ci010132r); RDKit leaves bit 0 unused."""

    kind: Literal["maccs"] = "maccs"
    n_bits: Literal[167] = 167
    counts: Literal[False] = False

    def encoder(self) -> Encoder:
        from rdkit.Chem.rdMolDescriptors import GetMACCSKeysFingerprint

        return bit_encoder(GetMACCSKeysFingerprint)
