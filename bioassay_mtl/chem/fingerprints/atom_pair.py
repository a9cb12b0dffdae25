"""Atom pairs: two atoms and the number of bonds between them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from bioassay_mtl.chem.fingerprints.base import (
    Fingerprint,
    fingerprints,
    generator_encoder,
)
from bioassay_mtl.chem.representation import Encoder


@fingerprints.register("atom_pair")
class AtomPairFingerprint(Fingerprint):
    """Pairs of atoms with their topological distance (Carhart, doi 10.1021/ci00046a002).

    As bits, RDKit simulates counts: four bits tell 1, 2, 4 and 8 occurrences apart, so ``n_bits``
    is at least 4.

    Parameters
    ----------
    min_distance, max_distance
        Bonds between the atoms.
    chirality
        Tell stereoisomers apart.
    """

    kind: Literal["atom_pair"] = "atom_pair"
    n_bits: int = Field(default=2048, ge=4, le=65536)
    min_distance: int = Field(default=1, ge=1)
    max_distance: int = Field(default=30, ge=1, le=30)
    chirality: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> AtomPairFingerprint:
        if self.min_distance > self.max_distance:
            raise ValueError(
                f"min_distance {self.min_distance} is above max_distance {self.max_distance}"
            )
        return self

    @property
    def is_flat(self) -> bool:
        """See :attr:`Representation.is_flat`."""
        return not self.chirality

    def generator(self) -> Any:
        """RDKit's."""
        from rdkit.Chem import rdFingerprintGenerator as generators

        return generators.GetAtomPairGenerator(
            minDistance=self.min_distance,
            maxDistance=self.max_distance,
            includeChirality=self.chirality,
            fpSize=self.n_bits,
        )

    def encoder(self) -> Encoder:
        return generator_encoder(self.generator(), self.counts)
