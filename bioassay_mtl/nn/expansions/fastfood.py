"""Fastfood: products of diagonal, Hadamard and permutation matrices, in blocks."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor
from torch.nn import functional

from bioassay_mtl.nn.expansions.base import Expansion, expansions
from bioassay_mtl.nn.expansions.draws import normals, permutations, signs

_B, _G, _PI = range(3)


@expansions.register("fastfood")
class Fastfood(Expansion):
    """Blocks ``S H G Pi H B`` of ``n = 2^p >= l`` rows (Le et al. 2013, arXiv 1408.3060).

    B has random signs, Pi permutes, G is normal, H is Hadamard's matrix of 1 and -1, and the number
    S gives the entries of a block a mean square of 1/D: ``D log l`` steps, 3 D numbers.
    """

    sign: Tensor
    order: Tensor
    normal: Tensor

    def __init__(self, n_rows: int, n_columns: int, seed: int = 0, copies: int = 1) -> None:
        super().__init__(n_rows, n_columns, seed, copies)
        self.size = max(2, 1 << (n_columns - 1).bit_length())
        shape = (copies, -(-n_rows // self.size), self.size)
        normal = torch.from_numpy(normals(seed, (_G,), shape)).double()
        normal = normal / (normal.norm(dim=2, keepdim=True) * n_rows**0.5)
        order = torch.from_numpy(permutations(seed, (_PI,), shape))
        sign = torch.from_numpy(signs(seed, (_B,), shape))
        for name, buffer in (("sign", sign), ("order", order), ("normal", normal)):
            self.register_buffer(name, buffer, persistent=False)

    def forward(self, vectors: Tensor) -> Tensor:
        whole = functional.pad(vectors, (0, self.size - self.n_columns))[:, None]
        mixed = hadamard_product(self.sign.to(vectors) * whole)
        shuffled = mixed.gather(2, self.order.expand(len(vectors), -1, -1))
        blocks = hadamard_product(self.normal.to(vectors) * shuffled)
        return blocks.flatten(1)[:, : self.n_rows]


def hadamard_product(x: Tensor) -> Tensor:
    """``x H`` along the last axis, of n = 2^p numbers, with entries 1 and -1 (Sylvester's order).

    ``H_ab = H_a kron H_b``: two products with small matrices in place of one with a large one.
    """
    p = x.shape[-1].bit_length() - 1
    a, b = 1 << (p // 2), 1 << (p - p // 2)
    left, right = (_hadamard(n).to(x) for n in (a, b))
    product: Tensor = left @ x.unflatten(-1, (a, b)) @ right
    return product.flatten(-2)


@cache
def _hadamard(n: int) -> Tensor:
    from scipy.linalg import hadamard

    return torch.from_numpy(hadamard(n).astype("float64"))
