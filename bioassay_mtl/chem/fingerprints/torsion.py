"""Topological torsions: linear runs of atoms."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from bioassay_mtl.chem.fingerprints.base import (
    Fingerprint,
    fingerprints,
    generator_encoder,
)
from bioassay_mtl.chem.representation import Encoder


@fingerprints.register("torsion")
class TorsionFingerprint(Fingerprint):
    """Linear runs of ``n_atoms`` atoms (Nilakantan, doi 10.1021/ci00054a008).

    As bits, RDKit simulates counts: four bits tell 1, 2, 4 and 8 occurrences apart, so ``n_bits``
    is at least 4.

    Parameters
    ----------
    n_atoms
        Atoms in a run.
    chirality
        Tell stereoisomers apart.
    """

    kind: Literal["torsion"] = "torsion"
    n_bits: int = Field(default=2048, ge=4, le=65536)
    n_atoms: int = Field(default=4, ge=2, le=7)
    chirality: bool = False

    @property
    def is_flat(self) -> bool:
        """See :attr:`Representation.is_flat`."""
        return not self.chirality

    def generator(self) -> Any:
        """RDKit's."""
        from rdkit.Chem import rdFingerprintGenerator as generators

        return generators.GetTopologicalTorsionGenerator(
            torsionAtomCount=self.n_atoms, includeChirality=self.chirality, fpSize=self.n_bits
        )

    def encoder(self) -> Encoder:
        return generator_encoder(self.generator(), self.counts)
