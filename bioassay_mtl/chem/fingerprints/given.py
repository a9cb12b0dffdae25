"""A fingerprint that comes with the molecules, from another program."""

from __future__ import annotations

from typing import ClassVar, Literal

from bioassay_mtl.chem.fingerprints.base import Fingerprint, fingerprints


@fingerprints.register("given")
class GivenFingerprint(Fingerprint):
    """Bits or counts made elsewhere, always given as a block."""

    is_computed: ClassVar[bool] = False
    kind: Literal["given"] = "given"
