"""From codes of atoms and bonds to vectors."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bioassay_mtl.nn.graphs import Codes
from bioassay_mtl.nn.products import StackedProduct


class CodeEmbedding(nn.Module):
    """A table of vectors for every column of codes; an atom's vectors are summed.

    The few different atoms (bonds) of a batch are embedded, and all take their vectors from these.

    Parameters
    ----------
    n_experts
        How many have tables of their own.
    widths
        Numbers of codes of the columns.
    n_reals
        Real columns, of which a linear map is added.
    width
        Size H of the vectors.
    """

    def __init__(self, n_experts: int, widths: tuple[int, ...], n_reals: int, width: int) -> None:
        super().__init__()
        self.n_experts = n_experts
        self._product, self._real_product = StackedProduct(), StackedProduct()
        self.table = nn.Parameter(torch.empty(sum(widths), n_experts * width))
        nn.init.normal_(self.table, std=len(widths) ** -0.5)
        self.register_parameter("reals", None)
        if n_reals:
            self.reals = nn.Parameter(torch.empty(n_reals, n_experts * width))
            nn.init.normal_(self.reals, std=n_reals**-0.5)

    def forward(self, codes: Codes, reals: Tensor | None = None) -> Tensor:
        """``(rows, E, H)``."""
        kinds = codes.kinds.to(self.table.dtype)
        vectors: Tensor = codes.which @ self._product(kinds[:, None], self.table)[0]
        if self.reals is not None and reals is not None:
            reals = reals.to(self.table.dtype)
            vectors = vectors + self._real_product(reals[:, None], self.reals)[0]
        stacked: Tensor = vectors.unflatten(1, (self.n_experts, -1))
        return stacked
