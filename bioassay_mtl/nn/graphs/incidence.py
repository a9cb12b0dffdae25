"""Sums over neighbors: products with a sparse matrix of zeros and ones.

The message passing of PyTorch Geometric scatters; here rows are sorted once a batch, and every sum,
forward and backward, is one sum of table rows. On a CPU that takes a quarter of the time, it rounds
alike wherever a molecule stands in its batch, on an accelerator too, and it has a rule for vmap.
"""

from __future__ import annotations

import weakref
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional


class Incidence:
    """A sparse matrix of zeros and ones, ``(n_rows, n_columns)``.

    Parameters
    ----------
    columns
        ``(nnz,) int64``: where row after row has its ones.
    n_columns
        Number of columns.
    offsets
        ``(n_rows + 1,) int64``: row i owns ``columns[offsets[i]:offsets[i + 1]]``; None where each
        row has a single one.

    Examples
    --------
    >>> ends = Incidence(torch.tensor([2, 0, 2]), 3)
    >>> (ends @ torch.tensor([[1.0], [2.0], [4.0]])).flatten().tolist()
    [4.0, 1.0, 4.0]
    >>> (ends.transposed @ torch.tensor([[1.0], [2.0], [4.0]])).flatten().tolist()
    [2.0, 0.0, 5.0]
    """

    def __init__(self, columns: Tensor, n_columns: int, offsets: Tensor | None = None) -> None:
        self.columns, self.n_columns, self.offsets = columns, n_columns, offsets
        self._origin: weakref.ref[Incidence] | None = None

    @property
    def n_rows(self) -> int:
        return len(self.columns) if self.offsets is None else len(self.offsets) - 1

    @cached_property
    def counts(self) -> Tensor:
        """``(n_rows,) int64``: ones in each row."""
        return torch.ones_like(self.columns) if self.offsets is None else self.offsets.diff()

    @property
    def _rows(self) -> Tensor:
        """``(nnz,) int64``: the row of each entry."""
        return torch.repeat_interleave(self.counts, output_size=len(self.columns))

    def widened(self, n_rows: int, n_columns: int) -> Incidence:
        """The same with more rows and columns, which are empty."""
        offsets = self.offsets
        assert offsets is not None
        ends = offsets[-1:].expand(n_rows - self.n_rows)
        return Incidence(self.columns, n_columns, torch.cat([offsets, ends]))

    @property
    def transposed(self) -> Incidence:
        """The ``(n_columns, n_rows)`` matrix, its rows' entries in ascending order."""
        return (self._origin and self._origin()) or self._turned

    @cached_property
    def _turned(self) -> Incidence:
        order = torch.argsort(self.columns, stable=True)
        one_each = self.offsets is None
        columns = order if one_each else self._rows[order]
        # The count of numbers of a known range asks a device for nothing, unlike bincount.
        counts = torch.zeros(self.n_columns, dtype=torch.int64, device=self.columns.device)
        offsets = offsets_of(counts.index_add_(0, self.columns, torch.ones_like(self.columns)))
        turned = Incidence(columns, self.n_rows, offsets)
        turned._origin = weakref.ref(self)  # in a circle, batches would wait for the collector
        return turned

    def __matmul__(self, x: Tensor) -> Tensor:
        """``(n_columns, ...) -> (n_rows, ...)``, differentiable any number of times."""
        product: Tensor = _Product.apply(x, self)  # type: ignore[no-untyped-call]
        return product

    def largest(self, x: Tensor) -> Tensor:
        """The largest entry of each row, 0 for an empty row; without a gradient."""
        largest: Tensor = _Largest.apply(x, self)  # type: ignore[no-untyped-call]
        return largest

    def _reduce(self, x: Tensor, mode: str) -> Tensor:
        if self.offsets is None:
            return x.index_select(0, self.columns)
        rows = functional.embedding_bag(
            self.columns, x.flatten(1), self.offsets, mode=mode, include_last_offset=True
        )
        reduced: Tensor = rows.unflatten(1, x.shape[1:])
        return reduced


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(x: Tensor, matrix: Incidence) -> Tensor:
        return matrix._reduce(x, "sum")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Incidence], output: Tensor) -> None:
        ctx.matrix = inputs[1]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return ctx.matrix.transposed @ gradient, None

    @staticmethod
    def vmap(info: Any, in_dims: Any, x: Tensor, matrix: Incidence) -> tuple[Tensor, int]:
        return matrix @ x.movedim(in_dims[0], 1), 1  # to the other columns


class _Largest(torch.autograd.Function):
    @staticmethod
    def forward(x: Tensor, matrix: Incidence) -> Tensor:
        return matrix._reduce(x, "max")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Incidence], output: Tensor) -> None:
        ctx.mark_non_differentiable(output)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, None]:
        return None, None

    @staticmethod
    def vmap(info: Any, in_dims: Any, x: Tensor, matrix: Incidence) -> tuple[Tensor, int]:
        return matrix.largest(x.movedim(in_dims[0], 1)), 1


def offsets_of(counts: Tensor) -> Tensor:
    """``(n,)`` counts to ``(n + 1,)`` offsets."""
    return functional.pad(counts.cumsum(0), (1, 0))
