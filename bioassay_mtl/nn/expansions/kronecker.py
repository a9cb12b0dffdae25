"""Kronecker products of two small matrices: about ``2 sqrt(D l)`` numbers in place of ``D l``."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.expansions.base import Expansion, expansions
from bioassay_mtl.nn.expansions.draws import normals, permutations

_FIRST, _SECOND, _REST, _ORDER = range(4)


@expansions.register("kronecker")
class Kronecker(Expansion):
    """``P = S [R1 kron R2; R3]`` with normal factors (Lotfi et al. 2022, arXiv 2211.13609).

    R1 has ``p = floor(sqrt(D))`` rows and ``ceil(sqrt(l))`` columns, R2 as many as fit into D and l
    (surplus columns are left out); R3, dense, has the rows that are left over, and S permutes all
    rows. ``(R1 kron R2) w = vec(R1 W R2^T)``: the product is never formed.
    """

    first: Tensor
    second: Tensor
    rest: Tensor
    order: Tensor

    def __init__(self, n_rows: int, n_columns: int, seed: int = 0, copies: int = 1) -> None:
        super().__init__(n_rows, n_columns, seed, copies)
        p = math.isqrt(n_rows)
        q = n_rows // p
        s = min(p, math.isqrt(n_columns - 1) + 1)
        t = -(-n_columns // s)
        if t > q:
            raise ConfigError(
                f"a Kronecker product of {p} x {s} and {q} rows cannot have {n_columns:,} columns "
                f"of {n_rows:,} rows: choose fewer numbers, or the expansion 'dense'"
            )
        self.register_buffer("first", self._factor(_FIRST, (copies, p, s)), persistent=False)
        self.register_buffer("second", self._factor(_SECOND, (copies, q, t)), persistent=False)
        rest = self._rest((copies, n_rows - p * q, n_columns))
        self.register_buffer("rest", torch.from_numpy(rest), persistent=False)
        order = torch.from_numpy(permutations(seed, (_ORDER,), (n_rows,)))
        self.register_buffer("order", order, persistent=False)

    def _factor(self, stream: int, shape: tuple[int, ...]) -> Tensor:
        """A factor, whose columns have length 1 in the mean but for a share of all rows."""
        drawn = normals(self.seed, (stream,), shape).astype(np.float64)
        p = math.isqrt(self.n_rows)
        share = p * (self.n_rows // p) / self.n_rows
        return torch.from_numpy(drawn * shape[1] ** -0.5 * share**0.25)

    def _rest(self, shape: tuple[int, ...]) -> NDArray[np.float64]:
        drawn = normals(self.seed, (_REST,), shape).astype(np.float64)
        return np.asarray(drawn * self.n_rows**-0.5)

    def forward(self, vectors: Tensor) -> Tensor:
        s, t = self.first.shape[2], self.second.shape[2]
        square = functional.pad(vectors, (0, s * t - self.n_columns)).unflatten(1, (s, t))
        product = self.first.to(vectors) @ square @ self.second.to(vectors).mT
        rest = (self.rest.to(vectors) @ vectors[:, :, None])[:, :, 0]
        return torch.cat([product.flatten(1), rest], dim=1)[:, self.order]


@expansions.register("kronecker_orthonormal")
class OrthonormalKronecker(Kronecker):
    """The same with factors whose columns are orthonormal: so are those of P.

    Rows that are left over are 0: fewer than one weight in ``sqrt(D)`` never moves.
    """

    is_orthonormal = True

    def _factor(self, stream: int, shape: tuple[int, ...]) -> Tensor:
        drawn = normals(self.seed, (stream,), shape).astype(np.float64)
        return torch.from_numpy(np.linalg.qr(drawn)[0])

    def _rest(self, shape: tuple[int, ...]) -> NDArray[np.float64]:
        return np.zeros(shape)
