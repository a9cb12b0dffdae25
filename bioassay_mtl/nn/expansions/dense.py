"""The plain expansion: independent normal numbers, made anew a chunk at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from bioassay_mtl.nn.expansions.base import Expansion, expansions
from bioassay_mtl.nn.expansions.draws import normals

CHUNK = 1 << 22
"""Numbers that are made at a time."""


@expansions.register("dense")
class Dense(Expansion):
    """``P ~ N(0, 1) / sqrt(D)`` (Li et al. 2018, arXiv 1804.08838): D l draws each time."""

    def forward(self, vectors: Tensor) -> Tensor:
        found: Tensor = _Expanded.apply(vectors, self)  # type: ignore[no-untyped-call]
        return found

    def chunks(self, copy: int, like: Tensor) -> Iterator[tuple[slice, Tensor]]:
        """Rows of one of the matrices, some at a time."""
        size = max(1, CHUNK // self.n_columns)
        for number, first in enumerate(range(0, self.n_rows, size)):
            n = min(size, self.n_rows - first)
            rows = normals(self.seed, (copy, number), (n, self.n_columns))
            yield slice(first, first + n), torch.from_numpy(rows).to(like) * self.n_rows**-0.5

    def expand(self, vectors: Tensor) -> Tensor:
        """``(k, l) -> (k, D)``."""
        found = vectors.new_empty(len(vectors), self.n_rows)
        for copy in range(self.copies):
            mine = slice(None) if self.copies == 1 else slice(copy, copy + 1)
            for rows, part in self.chunks(copy, vectors):
                found[mine, rows] = vectors[mine] @ part.T
        return found

    def contract(self, slopes: Tensor) -> Tensor:
        """``(k, D) -> (k, l)``, by the transposed matrices."""
        found = slopes.new_zeros(len(slopes), self.n_columns)
        for copy in range(self.copies):
            mine = slice(None) if self.copies == 1 else slice(copy, copy + 1)
            for rows, part in self.chunks(copy, slopes):
                found[mine] += slopes[mine, rows] @ part
        return found


class _Expanded(torch.autograd.Function):
    """Linear: its gradient needs no chunk to be kept, and has gradients of its own."""

    @staticmethod
    def forward(ctx: Any, vectors: Tensor, expansion: Dense) -> Tensor:
        ctx.expansion = expansion
        return expansion.expand(vectors)

    @staticmethod
    def backward(ctx: Any, slopes: Tensor) -> tuple[Tensor, None]:
        return _Contracted.apply(slopes, ctx.expansion), None  # type: ignore[no-untyped-call]


class _Contracted(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, slopes: Tensor, expansion: Dense) -> Tensor:
        ctx.expansion = expansion
        return expansion.contract(slopes)

    @staticmethod
    def backward(ctx: Any, slopes: Tensor) -> tuple[Tensor, None]:
        return _Expanded.apply(slopes, ctx.expansion), None  # type: ignore[no-untyped-call]
