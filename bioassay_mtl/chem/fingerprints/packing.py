"""RDKit vectors in binary form to feature blocks, a whole batch at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bioassay_mtl.chem.features import CountScale, PackedBits, SparseCounts

# RDKit writes the least significant bit first, numpy.packbits the most significant.
_REVERSED = np.packbits(np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)[:, ::-1])

_HEADER_WORDS = 4  # version, bytes per index, length, number of elements


def pack_bits(texts: Sequence[bytes], n_bits: int) -> PackedBits:
    """Pack bit vectors, each as RDKit's ``BitVectToBinaryText`` writes it."""
    rows = np.frombuffer(b"".join(texts), dtype=np.uint8).reshape(len(texts), -(-n_bits // 8))
    return PackedBits(_REVERSED[rows], n_bits)


def pack_counts(texts: Sequence[bytes], n_bits: int, scale: CountScale = "log2") -> SparseCounts:
    """Compress count vectors, each as RDKit's ``UIntSparseIntVect.ToBinary`` writes it.

    That is four header words, then pairs (index, count) of 32-bit words, ascending by index.
    Counts above 255 are held as 255.
    """
    words = np.frombuffer(b"".join(texts), dtype="<u4")
    n_words = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)) // 4
    starts = np.cumsum(n_words) - n_words
    if not (np.all(words[starts] == 1) and np.all(words[starts + 1] == 4)):
        raise RuntimeError("this RDKit version writes count vectors in an unknown binary form")
    is_pair = np.ones(len(words), dtype=np.bool_)
    is_pair[(starts[:, None] + np.arange(_HEADER_WORDS)).ravel()] = False
    pairs = words[is_pair].reshape(-1, 2)
    offsets = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum((n_words - _HEADER_WORDS) // 2, out=offsets[1:])
    return SparseCounts(
        offsets,
        pairs[:, 0].astype(np.uint16),
        np.minimum(pairs[:, 1], 255).astype(np.uint8),
        n_bits,
        scale,
    )


def present(counts: SparseCounts) -> PackedBits:
    """The bits that a count fingerprint without count simulation implies: counted at all."""
    bits = np.zeros((len(counts), counts.n_features), dtype=np.uint8)
    bits[np.repeat(np.arange(len(counts)), np.diff(counts.offsets)), counts.indices] = 1
    return PackedBits(np.packbits(bits, axis=1), counts.n_features)
