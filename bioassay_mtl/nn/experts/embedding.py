"""Embedding of codes of atoms and bonds as vectors."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bioassay_mtl.nn.graphs import Codes
from bioassay_mtl.nn.products import StackedProduct


class CodeEmbedding(nn.Module):
    """A table of vectors for every column of codes; an atom's vectors are summed.

    The few different atoms (bonds) of a batch are embedded.

    Parameters
    ----------
    n_experts
        Number of experts with tables of their own.
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

    def forward(self, codes: Codes) -> Tensor:
        """``(K, E, H)``, of the different ones."""
        dtype = self.table.dtype
        vectors: Tensor = self._product(codes.kinds[:, None].to(dtype), self.table)[0]
        if self.reals is not None:
            vectors = vectors + self._real_product(codes.reals[:, None].to(dtype), self.reals)[0]
        stacked: Tensor = vectors.unflatten(1, (self.n_experts, -1))
        return stacked
