"""RDKit's own fingerprint: paths and branched subgraphs of bonds."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from bioassay_mtl.chem.fingerprints.base import (
    Fingerprint,
    fingerprints,
    generator_encoder,
)
from bioassay_mtl.chem.representation import Encoder


@fingerprints.register("rdkit_path")
class RDKitPathFingerprint(Fingerprint):
    """Subgraphs of ``min_path`` to ``max_path`` bonds (Daylight-like).

    The slowest kind: several times the cost of parsing the SMILES.

    Parameters
    ----------
    min_path, max_path
        Bonds in a subgraph.
    branched
        Count branched subgraphs, not only linear paths.
    """

    kind: Literal["rdkit_path"] = "rdkit_path"
    n_bits: int = Field(default=2048, gt=0, le=65536)
    min_path: int = Field(default=1, ge=1)
    max_path: int = Field(default=7, ge=1, le=10)
    branched: bool = True

    @model_validator(mode="after")
    def _ordered(self) -> RDKitPathFingerprint:
        if self.min_path > self.max_path:
            raise ValueError(f"min_path {self.min_path} is above max_path {self.max_path}")
        return self

    @property
    def is_flat(self) -> bool:
        """See :attr:`Representation.is_flat`."""
        return True

    def generator(self) -> Any:
        """RDKit's."""
        from rdkit.Chem import rdFingerprintGenerator as generators

        return generators.GetRDKitFPGenerator(
            minPath=self.min_path,
            maxPath=self.max_path,
            branchedPaths=self.branched,
            fpSize=self.n_bits,
        )

    def encoder(self) -> Encoder:
        return generator_encoder(self.generator(), self.counts)
