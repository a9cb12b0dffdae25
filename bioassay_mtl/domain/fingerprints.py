"""The fingerprint that similarity is measured with: Morgan, radius 2, 1,024 bits."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.features import Features, PackedBits, SparseCounts
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.fingerprints.morgan import MorganFingerprint
from bioassay_mtl.chem.probe import PROBE_SMILES
from bioassay_mtl.chem.representation import Representation

N_BITS = 1024
DOMAIN_FINGERPRINT = MorganFingerprint(n_bits=N_BITS)
INPUT = "domain"
"""Name of the input that holds it where a model reads nothing that it can be made of."""


def source_of(prints: Mapping[str, Representation]) -> str | None:
    """The input that holds it, longer or as counts; None where there is none."""
    return next((name for name, each in prints.items() if _holds(each)), None)


def also_computed(prints: Mapping[str, Representation]) -> dict[str, Representation]:
    """Inputs to compute beside some others, so that :func:`bits_of` finds the fingerprint."""
    return {} if source_of(prints) else {INPUT: DOMAIN_FINGERPRINT}


def bits_of(features: Features, prints: Mapping[str, Representation]) -> NDArray[np.uint8]:
    """``(n, 128) uint8`` of n molecules; no bit is set where there is no molecule.

    Parameters
    ----------
    features
        Features with the inputs of a model, and those of :func:`also_computed`.
    prints
        The model's inputs.
    """
    return folded(features.blocks[source_of(prints) or INPUT])


def folded(block: PackedBits | SparseCounts) -> NDArray[np.uint8]:
    """Bits of a longer fingerprint, whose length is a multiple: hashes are taken modulo it."""
    bits = np.zeros((len(block), N_BITS), np.bool_)
    offsets, indices, _ = block.sparse_rows()
    bits[np.repeat(np.arange(len(block)), np.diff(offsets)), indices % N_BITS] = True
    return np.packbits(bits, axis=1)


def probe() -> str:
    """Fingerprints of a fixed, diverse set of molecules, as hexadecimal text."""
    bits = Featurizer({INPUT: DOMAIN_FINGERPRINT})(PROBE_SMILES).blocks[INPUT].packed
    return hashlib.blake2b(bits.tobytes(), digest_size=8).hexdigest()


def _holds(print_: Representation) -> bool:
    if not isinstance(print_, MorganFingerprint) or print_.n_bits % N_BITS:
        return False
    same: dict[str, Any] = {"n_bits": N_BITS, "counts": False, "scale": DOMAIN_FINGERPRINT.scale}
    return print_.model_copy(update=same) == DOMAIN_FINGERPRINT
