"""Dense blocks: real-valued features of many molecules, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.blocks import Block
from bioassay_mtl.chem.representation import DenseSize

_BINARY_DIGITS = 12
_SMALLEST = 2.0**-16


@dataclass(frozen=True)
class DenseBlock(Block):
    """Descriptors, or columns that a user measured.

    Parameters
    ----------
    values
        ``(n, F) float32``; NaN where a value is missing.
    standard
        Whether these are the values that a network reads: comparable between columns, nothing
        missing. Features are made without, and a model has its own way from one to the other.
    """

    kind = "values"
    is_real = True
    values: NDArray[np.float32]
    standard: bool = False

    def __post_init__(self) -> None:
        if self.values.dtype != np.float32 or self.values.ndim != 2:
            raise ValueError(
                f"values must be (n, F) float32, found {self.values.shape} {self.values.dtype}"
            )

    def __len__(self) -> int:
        return len(self.values)

    @property
    def n_features(self) -> int:
        """Number of columns."""
        n_columns: int = self.values.shape[1]
        return n_columns

    @property
    def input_size(self) -> DenseSize:
        """Size that the layers that read it must know."""
        return DenseSize(self.n_features)

    def take(self, rows: NDArray[Any]) -> DenseBlock:
        """Some molecules, in that order; rows are positions or a mask."""
        return DenseBlock(self.values[rows], self.standard)

    def dense(self) -> NDArray[np.float32]:
        """``(n, F)``, missing values as they are."""
        return self.values

    def raw(self) -> NDArray[np.float32]:
        return self.values

    def row_keys(self) -> Iterator[bytes]:
        return (row.tobytes() for row in self.values)

    def settings(self) -> dict[str, Any]:
        return {"kind": "dense", "n_columns": self.n_features}

    def stable_bytes(self) -> Iterator[bytes]:
        """All that must be equal wherever the same features are computed.

        That is some three decimal digits: processors and their mathematical libraries differ in the
        last ones. They are cut in binary, for decimal fractions often end just where one would cut.
        """
        values = self.values.astype(np.float64)
        with np.errstate(invalid="ignore"):
            exponent = np.frexp(values)[1]
        step = np.maximum(np.ldexp(1.0, exponent - _BINARY_DIGITS), _SMALLEST)
        rounded = np.rint(values / step) * step + 0.0  # no negative zero
        yield np.where(np.isnan(rounded), np.nan, rounded).astype("<f8").tobytes()

    @staticmethod
    def concatenate(blocks: Sequence[DenseBlock]) -> DenseBlock:
        """Stack blocks of the same columns on top of each other."""
        kinds = {(block.n_features, block.standard) for block in blocks}
        if len(kinds) != 1:
            raise ValueError(f"blocks must have the same columns, found {kinds}")
        return DenseBlock(np.concatenate([b.values for b in blocks]), blocks[0].standard)
