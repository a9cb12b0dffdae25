"""Places of the D weights of a task's network in one vector, and what they start with."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from bioassay_mtl.chem.representation import InputSize
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.expansions.draws import normals
from bioassay_mtl.nn.inputs import columns_and_typical

MOST_WEIGHTS = 100_000_000
"""Most weights of a task's network: a small file of settings must not ask for any memory."""

_ORIGIN = 1_000
"""Stream of the draws of theta_0, which no expansion draws from."""


@dataclass(frozen=True)
class Part:
    """Weights of one layer.

    Parameters
    ----------
    name, shape
        Name and shape of the weights.
    start
        Standard deviation of what they start with; 0 for biases.
    unit
        Distance that a coordinate of 1 moves each, about as far as it may be from 0 at the start.
    """

    name: str
    shape: tuple[int, ...]
    start: float
    unit: float

    @property
    def size(self) -> int:
        """Number of weights."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Layout:
    """All parts in their order: tables of the inputs, then the layers above.

    Parameters
    ----------
    sizes
        Sizes of the inputs that are read.
    width, depth
        H, and number of layers below the head.
    n_heads
        Outputs of the task that has most.

    Raises
    ------
    ConfigError
        There are more weights than a network of this kind may have.
    """

    sizes: Mapping[str, InputSize]
    width: int
    depth: int
    n_heads: int

    def __post_init__(self) -> None:
        if self.n_weights > MOST_WEIGHTS:
            raise ConfigError(
                f"network: a task's network has {self.n_weights:,} weights, and at most "
                f"{MOST_WEIGHTS:,} are allowed: choose a smaller width, or shorter inputs"
            )

    @cached_property
    def tables(self) -> tuple[Part, ...]:
        """``(F, H)`` of each input."""
        found = []
        for name, size in self.sizes.items():
            n_columns, typical = columns_and_typical(size)
            found.append(Part(name, (n_columns, self.width), typical**-0.5, typical**-0.5))
        return tuple(found)

    @cached_property
    def upper(self) -> tuple[Part, ...]:
        """The first bias, further layers and their biases, and the head ``(H, C)``."""
        h, unit = self.width, (3 * self.width) ** -0.5
        parts = [Part("bias.0", (h,), 0.0, unit)]
        for layer in range(1, self.depth):
            parts += [Part(f"weight.{layer}", (h, h), unit, unit)]
            parts += [Part(f"bias.{layer}", (h,), 0.0, unit)]
        return (*parts, Part("head", (h, self.n_heads), unit, unit))

    @cached_property
    def n_lower(self) -> int:
        """Weights of the tables."""
        return sum(part.size for part in self.tables)

    @cached_property
    def n_weights(self) -> int:
        """D."""
        return self.n_lower + sum(part.size for part in self.upper)

    def origin(self, seed: int) -> NDArray[np.float32]:
        """``(D,)``: theta_0 of a seed."""
        drawn = normals(seed, (_ORIGIN,), (self.n_weights,))
        return drawn * self._spread([part.start for part in self._parts])

    def units(self) -> NDArray[np.float32]:
        """``(D,)``: the unit of each weight."""
        return self._spread([part.unit for part in self._parts])

    @property
    def _parts(self) -> tuple[Part, ...]:
        return self.tables + self.upper

    def _spread(self, values: list[float]) -> NDArray[np.float32]:
        return np.repeat(np.array(values, dtype=np.float32), [part.size for part in self._parts])

    def tables_of(self, lower: Tensor) -> dict[str, Tensor]:
        """``(m, n_lower)`` to tables ``(F, m H)``, those of m networks side by side."""
        sizes = [part.size for part in self.tables]
        return {
            part.name: some.unflatten(1, part.shape).transpose(0, 1).flatten(1)
            for part, some in zip(self.tables, lower.split(sizes, dim=1), strict=True)
        }

    def layers_of(self, upper: Tensor) -> dict[str, Tensor]:
        """``(m, D - n_lower)`` to the layers of m networks, ``(m, ...)`` each, by name."""
        return dict(self._layers(upper))

    def _layers(self, upper: Tensor) -> Iterator[tuple[str, Tensor]]:
        sizes = [part.size for part in self.upper]
        for part, some in zip(self.upper, upper.split(sizes, dim=1), strict=True):
            yield part.name, some.unflatten(1, part.shape)
