"""Number of bits that fingerprints share with others, counted for 64 molecules by each word.

Fingerprints are held by bit: a bitmap of the molecules that have it. The overlap of a query with
all molecules is the sum of the bitmaps of its bits, and bitmaps are summed by carry-save adders: a
sum is held in planes, bitmaps of the ones, the twos, the fours, and so on (Mula, Kurz and Lemire,
doi 10.1093/comjnl/bxx046). Planes are compared with what a similarity asks for by the same logic,
so that only molecules that reach it are ever looked at. Where many pairs are to be counted, and
numba is there, :mod:`bioassay_mtl.domain.compiled` does it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.domain.compiled import EIGHT, Places, Words, compiled

BLOCK = 65_536
"""Molecules whose bitmaps are summed at a time: what that takes stays near the processor."""

AT_ONCE = 64
"""Queries that NumPy counts at a time."""

MORE_AT_ONCE = 2048
"""Queries that compiled code counts at a time: room for their pairs takes 12 MB."""

PAYS = 1 << 28
"""Pairs after which compiled code is used: NumPy counts so many while numba is imported."""

_WORD = 64
_ROUNDING = 1e-9
_ROOM = 256
"""Pairs of a query that compiled code has room for at first, on average."""


class Pairs(NamedTuple):
    """p pairs of a query and a molecule, and the bits that they share.

    Attributes
    ----------
    query, molecule
        ``(p,)``: positions.
    overlap
        ``(p,) int64``.
    """

    query: NDArray[np.int64]
    molecule: NDArray[np.int64]
    overlap: NDArray[np.int64]

    @staticmethod
    def joined(parts: list[Pairs]) -> Pairs:
        """All pairs of some parts."""
        nothing = Pairs(*[np.zeros(0, np.int64)] * 3)
        return Pairs(*map(np.concatenate, zip(nothing, *parts, strict=True)))


class BitColumns:
    """Fingerprints of n molecules, by bit.

    Parameters
    ----------
    packed
        ``(n, n_bits / 8) uint8``, most significant bit first.
    """

    def __init__(self, packed: NDArray[np.uint8]) -> None:
        self.n_bits = 8 * packed.shape[1]
        self.sizes = sizes_of(packed)
        self._blocks = [
            _Block(packed[start : start + BLOCK], self.sizes[start : start + BLOCK])
            for start in range(0, len(packed), BLOCK)
        ]
        self._n_counted = 0

    def pairs(self, queries: NDArray[np.uint8], at_least: float) -> Pairs:
        """All pairs of a Tanimoto similarity of `at_least`, and perhaps few that fall short of it.

        Parameters
        ----------
        queries
            ``(m, n_bits / 8) uint8``.
        at_least
            Least similarity, from 0, which every pair has, to 1.
        """
        sizes, found = sizes_of(queries), list[Pairs]()
        self._n_counted += len(queries) * len(self.sizes)
        kernel = compiled() if self._n_counted > PAYS else None
        bits = _bits_of(queries, sizes, self.n_bits)
        order = np.argsort(sizes, kind="stable")  # those of a chunk are summed in as many steps
        step = AT_ONCE if kernel is None else MORE_AT_ONCE
        for start in range(0, len(order), step):
            rows = order[start : start + step]
            for number, block in enumerate(self._blocks):
                pairs = block.pairs(bits[rows], sizes[rows], at_least, kernel)
                found.append(
                    Pairs(rows[pairs.query], pairs.molecule + number * BLOCK, pairs.overlap)
                )
        return Pairs.joined(found)


def sizes_of(packed: NDArray[np.uint8]) -> NDArray[np.int64]:
    """``(n,)``: bits that are set."""
    found: NDArray[np.int64] = _SET[packed].sum(axis=1, dtype=np.int64)
    return found


_SET = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(axis=1, dtype=np.uint8)


def _bits_of(packed: NDArray[np.uint8], sizes: NDArray[np.int64], n_bits: int) -> NDArray[np.intp]:
    """``(n, k)``: positions of the set bits, then `n_bits`, which no molecule has.

    k is a multiple of :data:`~bioassay_mtl.domain.compiled.EIGHT`.
    """
    row, bit = np.divmod(np.flatnonzero(np.unpackbits(packed).view(np.bool_)), n_bits)
    place = np.arange(len(row)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    k = -(-int(sizes.max(initial=0)) // EIGHT) * EIGHT
    found = np.full((len(packed), k), n_bits, dtype=np.intp)
    found[row, place] = bit
    return found


class _Block:
    """Bitmaps of some molecules: ``columns (n_bits + 1, w)``, the last of which is empty."""

    def __init__(self, packed: NDArray[np.uint8], sizes: NDArray[np.int64]) -> None:
        self.n, self.w = len(packed), -(-len(packed) // _WORD)
        self._sizes = np.zeros(_WORD * self.w, np.int64)
        self._sizes[: self.n] = sizes
        self._columns = _transposed(packed, self.w)
        self._asked: dict[tuple[int, float], Words] = {}

    def pairs(
        self, bits: Places, sizes: Places, at_least: float, kernel: Callable[..., int] | None
    ) -> Pairs:
        """Overlaps of q queries, given by their ``bits (q, k)`` and ``sizes (q,)``."""
        if kernel is not None:
            return self._compiled(bits, sizes, at_least, kernel)
        buffers = _Buffers((len(sizes), self.w))
        planes = self._planes(np.ascontiguousarray(bits[:, : int(sizes.max())].T), buffers)
        reached = self._reached(planes, sizes, at_least, buffers)
        return _extracted(reached, planes, self.n)

    def _compiled(
        self, bits: Places, sizes: Places, at_least: float, kernel: Callable[..., int]
    ) -> Pairs:
        """The same pairs, in another order."""
        every, of_size = np.unique(sizes, return_inverse=True)
        asked = [self._not_asked(int(size), at_least) for size in every]
        n_planes = max(4, int(every[-1]).bit_length(), *map(len, asked))
        below = np.full((len(every), n_planes, self.w), ~np.uint64(0))
        for row, each in enumerate(asked):
            below[row, : len(each)] = each
        room, n = 0, _ROOM * len(sizes)
        while n > room:
            room = n
            found = Pairs(*(np.empty(room, np.int64) for _ in range(3)))
            n = kernel(self._columns, bits, below, of_size, *found)
        real = np.flatnonzero(found.molecule[:n] < self.n)  # see _extracted
        return Pairs(*(each[real] for each in found))

    def _planes(self, bits: NDArray[np.intp], buffers: _Buffers) -> list[Words | None]:
        """The overlaps of q queries: ``(q, w)`` each, the ones first."""
        levels: list[list[Words]] = [[] for _ in range(len(bits).bit_length() + 1)]
        for each in bits:
            carried, level = buffers.take(), 0
            np.take(self._columns, each, axis=0, out=carried, mode="clip")
            while True:
                levels[level].append(carried)
                if len(levels[level]) < 3:
                    break
                total, carried = buffers.added(*levels[level])
                levels[level] = [total]
                level += 1
        for level, held in enumerate(levels):
            if len(held) > 1:
                if len(held) == 2:
                    held.append(buffers.empty())
                total, carried = buffers.added(*held)
                levels[level] = [total]
                levels[level + 1].append(carried)
        return [held[0] if held else None for held in levels]

    def _reached(
        self,
        planes: list[Words | None],
        sizes: NDArray[np.int64],
        at_least: float,
        buffers: _Buffers,
    ) -> Words:
        """``(q, w)``: molecules of an overlap that a similarity of `at_least` asks for."""
        asked = [self._not_asked(int(size), at_least) for size in sizes]
        reached, both = buffers.take(), buffers.take()
        reached.fill(~np.uint64(0))
        for level in range(max(len(planes), *map(len, asked))):
            below = buffers.take()
            for row, each in enumerate(asked):
                below[row] = each[level] if level < len(each) else ~np.uint64(0)
            plane = planes[level] if level < len(planes) else None
            if plane is None:
                np.bitwise_and(reached, below, out=reached)
            else:  # above here, or equal here and reached by the lower planes
                np.bitwise_and(plane, below, out=both)
                np.bitwise_or(plane, below, out=below)
                np.bitwise_and(reached, below, out=reached)
                np.bitwise_or(reached, both, out=reached)
            buffers.give(below)
        return reached

    def _not_asked(self, size: int, at_least: float) -> Words:
        """``(p, w)``: planes of the overlaps that a query of some size asks for, inverted."""
        key = size, at_least
        if key not in self._asked:
            share = at_least / (1 + at_least)
            asked = np.ceil(share * (size + self._sizes) - _ROUNDING).clip(min=0).astype(np.int64)
            n_planes = int(asked.max(initial=0)).bit_length()
            bits = asked >> np.arange(n_planes)[:, None] & 1
            packed = np.packbits(bits.astype(np.bool_), axis=1, bitorder="little")
            self._asked[key] = ~packed.view("<u8").astype(np.uint64)
        return self._asked[key]


class _Buffers:
    """Arrays of one shape that are used again and again."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._shape, self._free = shape, list[Words]()

    def take(self) -> Words:
        return self._free.pop() if self._free else np.empty(self._shape, np.uint64)

    def empty(self) -> Words:
        """One of zeros."""
        found = self.take()
        found.fill(0)
        return found

    def give(self, *arrays: Words) -> None:
        self._free += arrays

    def added(self, a: Words, b: Words, c: Words) -> tuple[Words, Words]:
        """Sum and carry of three, which are used up."""
        total = self.take()
        np.bitwise_xor(a, b, out=total)
        np.bitwise_and(a, b, out=a)
        np.bitwise_and(total, c, out=b)
        np.bitwise_or(a, b, out=a)
        np.bitwise_xor(total, c, out=total)
        self.give(b, c)
        return total, a


def _transposed(packed: NDArray[np.uint8], w: int) -> Words:
    """``(n_bits + 1, w)``: of each bit the molecules that have it, the first the lowest."""
    found = np.zeros((8 * packed.shape[1] + 1, 8 * w), np.uint8)
    one = np.zeros(_WORD * w, np.uint8)
    for at, column in enumerate(np.ascontiguousarray(packed.T)):
        for bit in range(8):
            np.bitwise_and(column, 128 >> bit, out=one[: len(packed)])
            found[8 * at + bit] = np.packbits(one, bitorder="little")  # what is not 0 is 1
    return found.view("<u8").astype(np.uint64, copy=False)


def _extracted(reached: Words, planes: list[Words | None], n: int) -> Pairs:
    """The pairs that a bitmap of ``(q, w)`` holds."""
    words = np.flatnonzero(reached != 0)
    held = reached.ravel()[words].astype("<u8").view(np.uint8)
    bits = np.flatnonzero(np.unpackbits(held, bitorder="little").view(np.bool_))
    word, bit = np.divmod(bits, _WORD)
    query, at = np.divmod(words[word], reached.shape[1])
    molecule = at * _WORD + bit
    overlap = np.zeros(len(word), np.int64)
    for level, plane in _there(planes):
        ones = plane.ravel()[words][word] >> bit.astype(np.uint64) & np.uint64(1)
        overlap += ones.astype(np.int64) << level
    real = molecule < n  # a similarity of nothing is reached by what fills the last word, too
    return Pairs(query[real], molecule[real], overlap[real])


def _there(planes: list[Words | None]) -> Iterator[tuple[int, Words]]:
    return ((level, plane) for level, plane in enumerate(planes) if plane is not None)
