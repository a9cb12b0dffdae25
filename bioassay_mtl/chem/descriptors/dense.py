"""Base of all representations that are held in a dense block."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.descriptors.block import DenseBlock
from bioassay_mtl.chem.representation import DenseSize, Representation


class DenseRepresentation(Representation):
    """Real-valued features, one column each."""

    @property
    def input_size(self) -> DenseSize:
        """Number of columns."""
        return DenseSize(self.n_features)

    def blank(self, n: int) -> DenseBlock:
        """The block of n molecules of which nothing is known."""
        return DenseBlock(np.full((n, self.n_features), np.nan, dtype=np.float32))

    def holds(self, block: object) -> bool:
        """Whether a block, made elsewhere, has as many columns."""
        return (
            isinstance(block, DenseBlock)
            and block.n_features == self.n_features
            and not block.standard
        )


def held(values: NDArray[Any]) -> NDArray[np.float32]:
    """Values as a block holds them: ``float32``; one too large for it is its largest."""
    largest = np.finfo(np.float32).max
    values = np.clip(values, -largest, largest)
    return values.astype(np.float32)
