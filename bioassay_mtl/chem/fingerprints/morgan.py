"""Morgan fingerprints: circular atom neighborhoods (ECFP, FCFP)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from bioassay_mtl.chem.features import PackedBits, SparseCounts
from bioassay_mtl.chem.fingerprints.base import Fingerprint, count_encoder, fingerprints
from bioassay_mtl.chem.fingerprints.packing import pack_counts, present
from bioassay_mtl.chem.representation import Encoder


@fingerprints.register("morgan")
class MorganFingerprint(Fingerprint):
    """Circular neighborhoods of every atom (Rogers and Hahn, doi 10.1021/ci100050t).

    Parameters
    ----------
    radius
        Bonds from the central atom to the rim: 2 is ECFP4, 3 is ECFP6.
    chirality
        Tell stereoisomers apart.
    invariants
        Invariants that an atom starts from: ``connectivity`` (ECFP) or pharmacophore ``features``
        (FCFP).
    """

    kind: Literal["morgan"] = "morgan"
    n_bits: int = Field(default=1024, gt=0, le=65536)
    radius: int = Field(default=2, ge=0, le=10)
    chirality: bool = False
    invariants: Literal["connectivity", "features"] = "connectivity"

    @property
    def is_flat(self) -> bool:
        """See :attr:`Representation.is_flat`."""
        return not self.chirality

    def generator(self) -> Any:
        """RDKit's."""
        from rdkit.Chem import rdFingerprintGenerator as generators

        features = self.invariants == "features"
        return generators.GetMorganGenerator(
            radius=self.radius,
            fpSize=self.n_bits,
            includeChirality=self.chirality,
            atomInvariantsGenerator=generators.GetMorganFeatureAtomInvGen() if features else None,
        )

    def encoder(self) -> Encoder:
        # Bits too go through counts: reading them costs a fraction of reading 1,024 bits.
        return count_encoder(self.generator().GetCountFingerprint)

    def decode(self, texts: Sequence[bytes]) -> PackedBits | SparseCounts:
        counts = pack_counts(texts, self.n_features, self.scale)
        return counts if self.counts else present(counts)
