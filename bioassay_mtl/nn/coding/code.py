"""The code of a network: for each array of learned numbers a codebook, and a symbol a number."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bioassay_mtl.nn.coding.entropy import decode, encode, entropy_bits
from bioassay_mtl.nn.coding.quantize import nearest

WORDS, COUNTS, ALPHABETS = "code.words", "code.counts", "code.alphabets"
"""Tensors that a code is kept as."""
MOST_SYMBOLS = 10_000_000
"""A small file must not ask for any memory."""


@dataclass(frozen=True)
class CodedArray:
    """One array.

    Parameters
    ----------
    name
        Name of the array, as in the network's state.
    symbols
        Symbols of its numbers, in their order.
    levels
        ``(L,)`` rising, each a float16; each is used.
    """

    name: str
    symbols: NDArray[np.int64]
    levels: NDArray[np.float32]

    @staticmethod
    def of(name: str, values: NDArray[np.floating], levels: NDArray[np.float32]) -> CodedArray:
        """Values, each as the nearest level; levels that no value is near are left out."""
        halves = np.unique(levels.astype(np.float16)).astype(np.float32)
        used, symbols = np.unique(nearest(values.ravel(), halves), return_inverse=True)
        return CodedArray(name, symbols.ravel(), halves[used])

    @property
    def values(self) -> NDArray[np.float32]:
        """The numbers, one after another."""
        found: NDArray[np.float32] = self.levels[self.symbols]
        return found

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """``(L,)``: how many numbers have each level."""
        return np.bincount(self.symbols, minlength=len(self.levels))

    @property
    def side_bits(self) -> int:
        """Bits of what a decoder must know: the levels, and the counts but the last."""
        n_levels = len(self.levels)
        return 16 * n_levels + (n_levels - 1) * math.ceil(math.log2(len(self.symbols) + 1)) + 16

    @property
    def entropy_bits(self) -> float:
        """Bits of the symbols, by their own frequencies."""
        return entropy_bits(self.counts)


@dataclass(frozen=True)
class Code:
    """All arrays of a network that were learned.

    Parameters
    ----------
    arrays
        Arrays in the order of the names in the network's state.
    """

    arrays: tuple[CodedArray, ...]

    @property
    def n_numbers(self) -> int:
        """Numbers that are coded."""
        return sum(len(array.symbols) for array in self.arrays)

    @cached_property
    def _encoded(self) -> tuple[NDArray[np.uint32], int]:
        levels = np.concatenate([array.levels for array in self.arrays]).astype("<f2")
        bottom = np.resize(levels, len(levels) + len(levels) % 2).view("<u4").astype(np.uint32)
        return encode([(array.symbols, array.counts) for array in self.arrays], bottom)

    @property
    def bits(self) -> int:
        """Length: the coder's bits of the symbols, levels of 16 bits, counts, sizes of codebooks.

        Shapes and seeds are settings, which are chosen before the numbers.
        """
        return self._encoded[1] + sum(array.side_bits for array in self.arrays)

    @property
    def entropy_bits(self) -> float:
        """The same with the entropy of the symbols in place of the coder's bits."""
        return sum(array.entropy_bits + array.side_bits for array in self.arrays)

    def bits_of(self, name: str) -> float:
        """Entropy of the symbols of one array, and what a decoder must know of it."""
        (found,) = (array for array in self.arrays if array.name == name)
        return found.entropy_bits + found.side_bits

    def tensors(self) -> dict[str, Tensor]:
        """Tensors that a file keeps."""
        return {
            WORDS: torch.from_numpy(self._encoded[0].view(np.int32).copy()),
            COUNTS: torch.from_numpy(np.concatenate([a.counts for a in self.arrays])).int(),
            ALPHABETS: torch.tensor([len(a.levels) for a in self.arrays], dtype=torch.int32),
        }

    @staticmethod
    def of_tensors(tensors: Mapping[str, Tensor], names: tuple[str, ...]) -> Code:
        """Code of what :meth:`tensors` gave.

        Raises
        ------
        ValueError
            They hold something else.
        """
        alphabets = tensors[ALPHABETS].numpy().astype(np.int64)
        flat = tensors[COUNTS].numpy().astype(np.int64)
        if len(alphabets) != len(names) or alphabets.min() < 1 or alphabets.sum() != len(flat):
            raise ValueError(f"codebooks of {', '.join(names)} are expected, found {alphabets}")
        if flat.min() < 1 or flat.sum() > MOST_SYMBOLS:
            raise ValueError(f"from 1 to {MOST_SYMBOLS:,} symbols are expected")
        counts = np.split(flat, alphabets.cumsum()[:-1])
        words = tensors[WORDS].numpy().view(np.uint32)
        symbols, bottom = decode(words, counts)
        levels = bottom.astype("<u4").view("<f2")
        if len(levels) - len(flat) not in (0, 1):
            raise ValueError(f"{len(flat)} levels are expected, found {len(levels)}")
        books = np.split(levels[: len(flat)].astype(np.float32), alphabets.cumsum()[:-1])
        return Code(tuple(map(CodedArray, names, symbols, books)))

    def state(self, like: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The arrays in their shapes, by their names."""
        return {
            array.name: torch.from_numpy(array.values.copy()).view_as(like[array.name])
            for array in self.arrays
        }


def n_coded(tensors: Mapping[str, Tensor]) -> int:
    """Length of what a file's tensors are the code of, in numbers; 0 where they are no code."""
    return int(tensors[COUNTS].long().clamp_min(0).sum()) if COUNTS in tensors else 0
