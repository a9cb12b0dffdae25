"""Symbols as bits, as few as their frequencies allow: asymmetric numeral systems.

The coder is that of the package ``constriction`` (MIT, Apache-2.0 or BSL-1.0). What the decoder
needs last, the levels of the codebooks, lies at the bottom of its stack, so that the symbols above
cost their entropy and no more than a bit or two, however few they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.errors import MissingExtraError

Words = NDArray[np.uint32]


def _coders() -> Any:
    try:
        import constriction
    except ImportError:
        raise MissingExtraError("constriction", "compress") from None
    return constriction.stream


def entropy_bits(counts: NDArray[np.integer]) -> float:
    """Bits of all symbols that occur so often, with these frequencies."""
    held = counts[counts > 0].astype(np.float64)
    return float(-(held * np.log2(held / held.sum())).sum())


def _model(counts: NDArray[np.integer]) -> Any:
    chances = counts.astype(np.float64) / counts.sum()
    return _coders().model.Categorical(chances, perfect=False)


def encode(
    parts: Sequence[tuple[NDArray[np.integer], NDArray[np.integer]]], bottom: Words
) -> tuple[Words, int]:
    """Symbols of several alphabets, on top of other words.

    Parameters
    ----------
    parts
        Symbols, and how often each symbol of their alphabet occurs, at least once.
    bottom
        Symbols that lie below.

    Returns
    -------
    The words, and how many bits the symbols added.
    """
    coder = _coders().stack.AnsCoder(bottom, seal=True)
    before = coder.num_valid_bits()
    for symbols, counts in reversed(parts):
        if len(counts) > 1:
            coder.encode_reverse(np.ascontiguousarray(symbols, dtype=np.int32), _model(counts))
    return coder.get_compressed(), int(coder.num_valid_bits() - before)


def decode(
    words: Words, counts: Sequence[NDArray[np.integer]]
) -> tuple[list[NDArray[np.int64]], Words]:
    """Symbols that :func:`encode` was given, of each alphabet, and what lies below.

    Raises
    ------
    ValueError
        The words hold something else.
    """
    coder = _coders().stack.AnsCoder(np.ascontiguousarray(words, dtype=np.uint32))
    found = []
    for held in counts:
        n = int(held.sum())
        symbols = coder.decode(_model(held), n) if len(held) > 1 else np.zeros(n)
        found.append(np.asarray(symbols, dtype=np.int64))
    try:
        bottom = coder.get_compressed(unseal=True)
    except AssertionError as error:
        raise ValueError(f"other words are expected: {error}") from None
    return found, np.asarray(bottom, dtype=np.uint32)
