"""Network inputs: fingerprints of a batch, as sparse rows on a CPU or dense rows on an accelerator.

A fingerprint sets about 50 of its 1,024 to 4,096 positions. On a CPU the product of such rows with
a weight table is cheapest as a sum of table rows, and so is its gradient: the same sum over the
transposed rows. On an accelerator a dense product wins.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from bioassay_mtl.chem.features import SparseRows
from bioassay_mtl.nn.graphs import GraphInput


@dataclass
class SparseInput:
    """Compressed sparse rows of a batch, on the CPU.

    Parameters
    ----------
    rows
        Offsets, indices and values of B molecules.
    n_features
        Number of columns F.
    """

    rows: SparseRows
    n_features: int

    def __len__(self) -> int:
        return len(self.rows.offsets) - 1

    @cached_property
    def transposed(self) -> SparseInput:
        """The ``(F, B)`` matrix, also as sparse rows: what the gradient of a weight table sums."""
        from scipy.sparse import csr_array  # for gradients only; a screen starts without

        offsets, indices, values = self.rows
        data: NDArray[Any] = np.ones(len(indices), dtype=np.float32) if values is None else values
        matrix = csr_array((data, indices, offsets), shape=(len(self), self.n_features)).tocsc()
        return SparseInput(
            SparseRows(
                matrix.indptr.astype(np.int64),
                matrix.indices.astype(np.int32),
                None if values is None else matrix.data,
            ),
            len(self),
        )

    def matmul(self, table: Tensor) -> Tensor:
        """``(B, F) @ table (F, H)`` as sums of table rows."""
        offsets, indices, values = self.rows
        return functional.embedding_bag(
            torch.from_numpy(indices),
            table,
            torch.from_numpy(offsets.astype(np.int32)),
            mode="sum",
            per_sample_weights=None if values is None else torch.from_numpy(values).to(table.dtype),
            include_last_offset=True,
        )

    def dense(self, dtype: torch.dtype = torch.float32) -> Tensor:
        """``(B, F)``."""
        offsets, indices, values = self.rows
        dense = torch.zeros(len(self), self.n_features, dtype=dtype)
        row = np.repeat(np.arange(len(self)), np.diff(offsets))
        dense[torch.from_numpy(row), torch.from_numpy(indices).long()] = (
            torch.ones(len(indices), dtype=dtype)
            if values is None
            else torch.from_numpy(values).to(dtype)
        )
        return dense


TYPICAL_POSITIONS = 60
"""About as many positions does a drug-like molecule set in a fingerprint, whatever its length."""

Input = SparseInput | Tensor | GraphInput
Inputs = Mapping[str, Input]


class _SparseProduct(torch.autograd.Function):
    """``X @ table`` for constant sparse X, differentiable any number of times in the table."""

    @staticmethod
    def forward(ctx: Any, table: Tensor, x: SparseInput) -> Tensor:
        ctx.x = x
        return x.matmul(table)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return sparse_product(gradient.contiguous(), ctx.x.transposed), None


def sparse_product(table: Tensor, x: SparseInput) -> Tensor:
    """``x (B, F) @ table (F, H) -> (B, H)``; the gradient flows to the table."""
    product: Tensor = _SparseProduct.apply(table, x)  # type: ignore[no-untyped-call]
    return product


class InputLinear(nn.Module):
    """A bias-free linear map of named inputs, their products summed: a map of their concatenation.

    Parameters
    ----------
    n_features
        Columns of each input that is read.
    n_outputs
        Columns of the result (several experts side by side are one table).
    """

    def __init__(self, n_features: Mapping[str, int], n_outputs: int) -> None:
        super().__init__()
        self.tables = nn.ParameterDict(
            {name: nn.Parameter(torch.empty(f, n_outputs)) for name, f in n_features.items()}
        )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Normal, so that a sum of as many rows as a molecule sets positions has unit variance."""
        for table in self.tables.values():
            nn.init.normal_(table, std=TYPICAL_POSITIONS**-0.5)

    def forward(self, inputs: Inputs) -> Tensor:
        """``(B, n_outputs)``."""
        if isinstance(inputs, Products) and self in inputs.known:
            return inputs.known[self]
        total: Tensor | None = None
        for name, table in self.tables.items():
            x = inputs[name]
            if isinstance(x, SparseInput):
                # Autocast does not reach into sums of table rows, where half the bytes count most.
                if torch.is_autocast_enabled("cpu"):
                    table = table.to(torch.get_autocast_dtype("cpu"))
                product = sparse_product(table, x)
            else:
                assert isinstance(x, Tensor)
                product = x @ table
            total = product if total is None else total + product
        assert total is not None
        return total


class Products(dict[str, Input]):
    """Inputs whose products with some layers are known: those layers do not multiply again.

    Parameters
    ----------
    inputs
        As they were.
    known
        ``(B, n_outputs)`` by layer.
    """

    def __init__(self, inputs: Inputs, known: Mapping[InputLinear, Tensor]) -> None:
        super().__init__(inputs)
        self.known = known


def similarities(
    inputs: Inputs, others: Inputs, names: Iterable[str], dtype: torch.dtype
) -> Tensor:
    """``X Y^T (B, B')`` of molecules under the named inputs side by side."""
    total: Tensor | None = None
    for name in names:
        x, y = inputs[name], others[name]
        if isinstance(x, SparseInput):
            assert isinstance(y, SparseInput)
            product = x.matmul(y.dense(dtype).T.contiguous())
        else:
            assert isinstance(x, Tensor)
            assert isinstance(y, Tensor)
            product = x.to(dtype) @ y.to(dtype).T
        total = product if total is None else total + product
    assert total is not None
    return total
