"""Weights cut into blocks of one size, and put together again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import gcd, prod

import torch
from torch import Tensor

from bioassay_mtl.errors import ConfigError

LARGEST, SMALLEST = 32, 4
"""Sides of a block that is not given: beyond, little is left to search; below, all is overhead."""


@dataclass(frozen=True)
class Blocks:
    """Places of the L blocks of some weights: weight after weight, row after row of each.

    Parameters
    ----------
    shapes
        Shapes of the weights, ``(..., inputs, outputs)``; axes before the last two are stacked
        layers.
    block
        (m, n).
    """

    shapes: tuple[tuple[int, ...], ...]
    block: tuple[int, int]

    @staticmethod
    def of(shapes: Mapping[str, Sequence[int]], block: tuple[int, int] | None = None) -> Blocks:
        """Blocks of named weights.

        Parameters
        ----------
        shapes
            Shapes by name, which errors say.
        block
            (m, n); None for the largest square that divides all.

        Raises
        ------
        ConfigError
            The block does not divide a weight, or there is none that does.
        """
        m, n = block or _largest(shapes)
        for name, (*_, rows, columns) in shapes.items():
            if rows % m or columns % n:
                raise ConfigError(
                    f"block: {m} x {n} does not divide {name}, which is {rows} x {columns}: choose "
                    "a block whose sides divide those of all layers, or other widths"
                )
        return Blocks(tuple(tuple(shape) for shape in shapes.values()), (m, n))

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """Blocks of each weight."""
        return tuple(prod(shape) // prod(self.block) for shape in self.shapes)

    def __len__(self) -> int:
        return sum(self.counts)

    @cached_property
    def owner(self) -> Tensor:
        """``(L,) int64``: the weight of each block."""
        return torch.repeat_interleave(torch.tensor(self.counts, dtype=torch.int64))

    @cached_property
    def fan_in(self) -> Tensor:
        """``(L,) int64``: inputs of the layer that a block is of."""
        return torch.tensor([shape[-2] for shape in self.shapes], dtype=torch.int64)[self.owner]

    def cut(self, weights: Sequence[Tensor]) -> Tensor:
        """``(L, m, n)`` of the weights."""
        return torch.cat([self._cut(weight) for weight in weights])

    def join(self, blocks: Tensor) -> list[Tensor]:
        """The weights of ``(L, m, n)``."""
        parts = blocks.split(self.counts)
        return [self._join(part, shape) for part, shape in zip(parts, self.shapes, strict=True)]

    def _cut(self, weight: Tensor) -> Tensor:
        m, n = self.block
        rows, columns = weight.shape[-2:]
        tiles = weight.reshape(-1, rows // m, m, columns // n, n)
        return tiles.transpose(2, 3).reshape(-1, m, n)

    def _join(self, blocks: Tensor, shape: tuple[int, ...]) -> Tensor:
        m, n = self.block
        tiles = blocks.reshape(-1, shape[-2] // m, shape[-1] // n, m, n)
        return tiles.transpose(2, 3).reshape(shape)


def _largest(shapes: Mapping[str, Sequence[int]]) -> tuple[int, int]:
    """The largest square, of at most :data:`LARGEST`, that divides all."""
    common = gcd(*(side for shape in shapes.values() for side in shape[-2:]))
    side = max(side for side in range(1, LARGEST + 1) if common % side == 0)
    if side < SMALLEST:
        sizes = ", ".join(f"{name}: {shape[-2]} x {shape[-1]}" for name, shape in shapes.items())
        raise ConfigError(
            f"block: no square of {SMALLEST} to {LARGEST} divides all layers ({sizes}): give "
            "widths that have a larger divisor in common, fewer layers, or the block"
        )
    return side, side
