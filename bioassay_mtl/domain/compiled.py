"""The sums of :mod:`bioassay_mtl.domain.overlaps`, compiled: they never leave the processor.

Numba (optional: the extra ``compiled``) translates :func:`pairs_of` at its first use in a process,
and keeps what it made where it can. NumPy, which reads and writes memory for each step, takes five
times as long for the same pairs.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
Places = NDArray[np.int64]

TILE = 128
"""Words of a bitmap that are summed at a time: the planes of so many stay in the first cache."""

EIGHT = 8
"""Bits of a query that are summed by one step."""

_ZERO, _ONE, _ALL = np.uint64(0), np.uint64(1), ~np.uint64(0)


def pairs_of(
    columns: Words,
    bits: Places,
    below: Words,
    of_size: Places,
    query: Places,
    molecule: Places,
    overlap: Places,
) -> int:
    """Pairs of a query and a molecule that share as many bits as are asked for.

    Parameters
    ----------
    columns
        ``(n_bits + 1, w)``: bitmaps of the molecules that have a bit; the last is empty.
    bits
        ``(q, k)``: bits of the queries, filled up with ``n_bits``; k is a multiple of
        :data:`EIGHT`.
    below
        ``(s, p, w)``: planes of the overlaps asked for, inverted, for queries of s sizes. No sum
        of k bits needs more than p planes.
    of_size
        ``(q,)``: which of the s sizes a query has.
    query, molecule, overlap
        ``(c,)`` each: filled with the first c pairs.

    Returns
    -------
    The number of pairs, which may be more than c.
    """
    n_planes, n = below.shape[1], 0
    planes = np.zeros((n_planes, TILE), np.uint64)
    carry, reached = np.zeros(TILE, np.uint64), np.zeros(TILE, np.uint64)
    ones, twos, fours = planes[0], planes[1], planes[2]
    for start in range(0, columns.shape[1], TILE):
        end = min(start + TILE, columns.shape[1])
        width = end - start
        for row in range(len(bits)):
            planes[:] = _ZERO
            own = bits[row]
            for at in range(0, bits.shape[1], EIGHT):
                if own[at] == columns.shape[0] - 1:  # all that follow are filled up, too
                    break
                b0, b1 = columns[own[at], start:end], columns[own[at + 1], start:end]
                b2, b3 = columns[own[at + 2], start:end], columns[own[at + 3], start:end]
                b4, b5 = columns[own[at + 4], start:end], columns[own[at + 5], start:end]
                b6, b7 = columns[own[at + 6], start:end], columns[own[at + 7], start:end]
                for j in range(width):
                    one, two, four = ones[j], twos[j], fours[j]
                    u = one ^ b0[j]
                    two_a = (one & b0[j]) | (u & b1[j])
                    one = u ^ b1[j]
                    u = one ^ b2[j]
                    two_b = (one & b2[j]) | (u & b3[j])
                    one = u ^ b3[j]
                    u = two ^ two_a
                    four_a = (two & two_a) | (u & two_b)
                    two = u ^ two_b
                    u = one ^ b4[j]
                    two_a = (one & b4[j]) | (u & b5[j])
                    one = u ^ b5[j]
                    u = one ^ b6[j]
                    two_b = (one & b6[j]) | (u & b7[j])
                    ones[j] = u ^ b7[j]
                    u = two ^ two_a
                    four_b = (two & two_a) | (u & two_b)
                    twos[j] = u ^ two_b
                    u = four ^ four_a
                    carry[j] = (four & four_a) | (u & four_b)
                    fours[j] = u ^ four_b
                for level in range(3, n_planes):
                    plane = planes[level]
                    for j in range(width):
                        held = plane[j]
                        plane[j] = held ^ carry[j]
                        carry[j] &= held
            reached[:] = _ALL
            for level in range(n_planes):
                plane, asked = planes[level], below[of_size[row], level, start:end]
                for j in range(width):  # above here, or equal here and reached by the lower planes
                    both, either = plane[j] & asked[j], plane[j] | asked[j]
                    reached[j] = (reached[j] & either) | both
            for j in range(width):
                word, bit = reached[j], 0
                while word:
                    if word & _ONE:
                        if n < len(query):
                            total = 0
                            for level in range(n_planes):
                                total += int(planes[level, j] >> np.uint64(bit) & _ONE) << level
                            query[n], overlap[n] = row, total
                            molecule[n] = 64 * (start + j) + bit
                        n += 1
                    word, bit = word >> _ONE, bit + 1
    return n


@cache
def compiled() -> Callable[..., int] | None:
    """:func:`pairs_of`, translated; None without a numba that works."""
    if find_spec("numba") is None:
        return None
    try:
        import numba
    except Exception:  # such as one that is made for another NumPy
        return None
    settings: Any = numba.config
    if settings.DISABLE_JIT:  # it would be run as it stands, a thousand times as slow as NumPy
        return None
    for is_kept in (True, False):  # what was kept may be broken, and nothing may be writable
        with suppress(Exception):
            return _translated(numba, cache=is_kept)
    return None


def _translated(numba: Any, **how: Any) -> Callable[..., int]:
    found: Callable[..., int] = numba.njit(pairs_of, nogil=True, error_model="numpy", **how)
    places = np.empty(0, np.int64)
    columns, below = np.zeros((1, 1), np.uint64), np.zeros((1, 4, 1), np.uint64)
    found(columns, places.reshape(0, 8), below, places, places, places, places)
    return found
