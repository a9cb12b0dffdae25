"""A fingerprint that comes with the molecules, from another program."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from bioassay_mtl.chem.features import PackedBits, SparseCounts
from bioassay_mtl.chem.fingerprints.base import Fingerprint, fingerprints


@fingerprints.register("given")
class GivenFingerprint(Fingerprint):
    """Bits or counts made elsewhere, always given as a block."""

    is_computed: ClassVar[bool] = False
    kind: Literal["given"] = "given"

    def blank(self, n: int) -> PackedBits | SparseCounts:
        """The block of n molecules of which nothing is known."""
        if self.counts:
            offsets = np.zeros(n + 1, dtype=np.int64)
            nothing = np.zeros(0, dtype=np.uint16), np.zeros(0, dtype=np.uint8)
            return SparseCounts(offsets, *nothing, self.n_features, self.scale)
        packed = np.zeros((n, -(-self.n_features // 8)), dtype=np.uint8)
        return PackedBits(packed, self.n_features)
