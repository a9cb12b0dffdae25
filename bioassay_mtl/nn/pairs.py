"""Products of some pairs of rows alone: what a sparse panel needs of ``a @ b.T``.

Of the outputs of 1,024 molecules in 10,000 assays perhaps 20 a molecule were measured: two in a
thousand. All products here are differentiable any number of times, as each one's gradients are
products of the other sort.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

AT_ONCE = 4096
"""Pairs whose rows are gathered at once: few enough to stay in the cache."""


class Pairs:
    """P pairs of a row and a column of an ``(n, N)`` matrix.

    Parameters
    ----------
    rows, columns
        ``(P,) int64``.
    n_rows, n_columns
        n and N.
    rising
        Whether rows rise.
    """

    def __init__(
        self, rows: Tensor, columns: Tensor, n_rows: int, n_columns: int, *, rising: bool = False
    ) -> None:
        self.rows, self.columns = rows, columns
        self.n_rows, self.n_columns, self.rising = n_rows, n_columns, rising

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def transposed(self) -> Pairs:
        """The same pairs of the transposed matrix."""
        return Pairs(self.columns, self.rows, self.n_columns, self.n_rows)

    @cached_property
    def by_row(self) -> tuple[Tensor | None, Tensor, Tensor]:
        """The order of the pairs by row (None: as they are), their columns, and ends of rows."""
        order = None if self.rising else torch.argsort(self.rows, stable=True)
        sizes = torch.zeros(self.n_rows + 1, dtype=torch.int64, device=self.rows.device)
        sizes.index_add_(0, self.rows + 1, torch.ones_like(self.rows))
        columns = self.columns if order is None else self.columns[order]
        return order, columns, sizes.cumsum(0)


def pair_products(a: Tensor, b: Tensor, pairs: Pairs) -> Tensor:
    """``(P,)``: ``a[row] @ b[column]`` of each pair, for ``a (n, K)`` and ``b (N, K)``."""
    found: Tensor = _Products.apply(a.to(b.dtype), b, pairs)  # type: ignore[no-untyped-call]
    return found


class _Products(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor, pairs: Pairs) -> Tensor:
        ctx.save_for_backward(a, b)
        ctx.pairs = pairs
        found = a.new_empty(len(pairs))
        parts = (part.split(AT_ONCE) for part in (pairs.rows, pairs.columns, found))
        for rows, columns, some in zip(*parts, strict=True):
            torch.linalg.vecdot(a[rows], b[columns], out=some)
        return found

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        a, b = ctx.saved_tensors
        for_a, for_b, _ = ctx.needs_input_grad
        of_a = _Sums.apply(slope, b, ctx.pairs) if for_a else None  # type: ignore[no-untyped-call]
        of_b = _Sums.apply(slope, a, ctx.pairs.transposed) if for_b else None  # type: ignore[no-untyped-call]
        return of_a, of_b, None


class _Sums(torch.autograd.Function):
    """``(n, K)``: for each row the sum of ``value * b[column]`` over its pairs."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, b: Tensor, pairs: Pairs) -> Tensor:
        ctx.save_for_backward(values, b)
        ctx.pairs = pairs
        order, columns, ends = pairs.by_row
        return functional.embedding_bag(
            columns,
            b.contiguous(),
            ends,
            mode="sum",
            per_sample_weights=values.contiguous() if order is None else values[order],
            include_last_offset=True,
        )

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        values, b = ctx.saved_tensors
        for_values, for_b, _ = ctx.needs_input_grad
        of_values = _Products.apply(slope, b, ctx.pairs) if for_values else None  # type: ignore[no-untyped-call]
        of_b = _Sums.apply(values, slope, ctx.pairs.transposed) if for_b else None  # type: ignore[no-untyped-call]
        return of_values, of_b, None
