"""A descriptor set: numbers of heavy atoms and of bonds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from bioassay_mtl.chem.descriptors import DenseBlock
from bioassay_mtl.chem.descriptors.dense import DenseRepresentation
from bioassay_mtl.chem.fingerprints import fingerprints
from bioassay_mtl.chem.representation import Encoder


@fingerprints.register("toy_sizes")
class Sizes(DenseRepresentation):
    kind: Literal["toy_sizes"] = "toy_sizes"

    @property
    def n_features(self) -> int:
        return 2

    @property
    def summary(self) -> str:
        return "2 sizes"

    def encoder(self) -> Encoder:
        def encode(mol: Any) -> bytes:
            return np.array([mol.GetNumHeavyAtoms(), mol.GetNumBonds()], np.float32).tobytes()

        return encode

    def decode(self, texts: Sequence[bytes]) -> DenseBlock:
        return DenseBlock(np.frombuffer(b"".join(texts), np.float32).reshape(-1, 2))
