"""Fingerprints: one file per kind, all through RDKit's own generators."""

from bioassay_mtl.chem.fingerprints.atom_pair import AtomPairFingerprint
from bioassay_mtl.chem.fingerprints.base import Fingerprint, fingerprint_from, fingerprints
from bioassay_mtl.chem.fingerprints.given import GivenFingerprint
from bioassay_mtl.chem.fingerprints.maccs import MACCSFingerprint
from bioassay_mtl.chem.fingerprints.morgan import MorganFingerprint
from bioassay_mtl.chem.fingerprints.rdkit_path import RDKitPathFingerprint
from bioassay_mtl.chem.fingerprints.torsion import TorsionFingerprint

__all__ = [
    "AtomPairFingerprint",
    "Fingerprint",
    "GivenFingerprint",
    "MACCSFingerprint",
    "MorganFingerprint",
    "RDKitPathFingerprint",
    "TorsionFingerprint",
    "fingerprint_from",
    "fingerprints",
]
