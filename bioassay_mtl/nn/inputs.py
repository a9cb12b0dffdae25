"""Network inputs: a batch of fingerprints, of real-valued features, or of graphs.

A fingerprint sets about 50 of its 1,024 to 4,096 positions: sparse rows. On a CPU the product of
such rows with a weight table is cheapest as a sum of table rows, and so is its gradient: the same
sum over the transposed rows. On an accelerator a dense product wins. Real-valued features are dense
everywhere.
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
from bioassay_mtl.chem.representation import DenseSize, GraphSize, InputSize
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.graphs import GraphInput, composition, n_columns
from bioassay_mtl.nn.products import FEWEST_COLUMNS


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

    From a graph it reads the :func:`~bioassay_mtl.nn.graphs.composition`.

    Parameters
    ----------
    sizes
        Size of each input that is read.
    n_outputs
        Columns of the result (several experts side by side are one table).
    """

    def __init__(self, sizes: Mapping[str, InputSize], n_outputs: int) -> None:
        super().__init__()
        self.sizes = dict(sizes)
        tables = {
            name: nn.Parameter(torch.empty(columns_and_typical(size)[0], n_outputs))
            for name, size in sizes.items()
        }
        try:
            self.tables = nn.ParameterDict(tables)
        except KeyError as error:  # "values", "a.b": PyTorch keeps weights under these names
            raise ConfigError(
                f"an input cannot be called so: {error.args[0]} (known: {', '.join(sizes)}; choose "
                "another name)"
            ) from None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Normal, so that the product with what is typical of a molecule has unit variance."""
        for name, table in self.tables.items():
            nn.init.normal_(table, std=columns_and_typical(self.sizes[name])[1] ** -0.5)

    def forward(self, inputs: Inputs) -> Tensor:
        """``(B, n_outputs)``."""
        if isinstance(inputs, Products) and self in inputs.known:
            return inputs.known[self]
        return product_with_tables(inputs, dict(self.tables.items()))


def product_with_tables(inputs: Inputs, tables: Mapping[str, Tensor]) -> Tensor:
    """``(B, n)``: products of inputs with tables ``(F, n)`` of their names, summed."""
    total: Tensor | None = None
    for name, table in tables.items():
        x = inputs[name]
        if isinstance(x, SparseInput):
            # Autocast does not reach into sums of table rows, where half the bytes count most.
            if torch.is_autocast_enabled("cpu"):
                table = table.to(torch.get_autocast_dtype("cpu"))
            product = sparse_product(table, x)
        else:
            product = _dense_product(dense_rows(x, _multiplied_as(table)), table)
        total = product if total is None else total + product
    assert total is not None
    return total


def _multiplied_as(table: Tensor) -> torch.dtype:
    """Type of the factors under autocast: bits become it at once, not by way of float32."""
    kind = table.device.type
    if torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind):
        return torch.get_autocast_dtype(kind)
    return table.dtype


def dense_rows(x: Input, dtype: torch.dtype) -> Tensor:
    """``(B, F)``: real numbers that a linear map reads."""
    if isinstance(x, SparseInput):
        return x.dense(dtype)
    return (composition(x) if isinstance(x, GraphInput) else x).to(dtype)


def check_dense(sizes: Mapping[str, InputSize]) -> None:
    """Make sure that all inputs can be plain tensors ``(B, F)``.

    Raises
    ------
    ConfigError
        An input is a graph, whose number of atoms varies.
    """
    if graphs := [repr(name) for name, size in sizes.items() if isinstance(size, GraphSize)]:
        raise ConfigError(
            f"the model reads molecular graphs ({', '.join(graphs)}), which are no tables of "
            "numbers: only fingerprints and descriptors can be given as plain tensors"
        )


def columns_and_typical(size: InputSize) -> tuple[int, int]:
    """Number of columns, and the squared length of a typical row."""
    if isinstance(size, GraphSize):
        return n_columns(size), len(size.atom_widths) + len(size.bond_widths)
    if isinstance(size, DenseSize):
        return size.n_columns, size.n_columns
    return size, TYPICAL_POSITIONS


def _dense_product(x: Tensor, table: Tensor) -> Tensor:
    few = FEWEST_COLUMNS - table.shape[1]
    return (x @ functional.pad(table, (0, few)))[:, :-few] if few > 0 else x @ table


class Products(dict[str, Input]):
    """Inputs whose products with some layers are known: those layers do not multiply again.

    Parameters
    ----------
    inputs
        Inputs as they were.
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
        x, y = inputs[name], dense_rows(others[name], dtype).T
        if isinstance(x, SparseInput):
            product = x.matmul(y.contiguous())
        else:
            product = dense_rows(x, dtype) @ y
        total = product if total is None else total + product
    assert total is not None
    return total
