"""The products of stacked layers: a matrix for each of E experts, or one for all of them.

In training, and on an accelerator, one batched product of BLAS. A prediction on a CPU takes oneDNN
in its place, which in float32 is twice as fast on processors that PyTorch's BLAS does not favour.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

FEWEST_COLUMNS = 16
"""With fewer than 12 columns, BLAS sums the rows at the rim of a block in another order, so that
the place of a row in the batch would change its result."""

BLOCK = 256
"""Rows that a prediction multiplies at a time where there are whole blocks of them: products of one
size take one way, whatever else is in the batch."""


class StackedProduct:
    """``x_e @ W_e`` for a parameter W, which is rearranged once for all predictions."""

    def __init__(self) -> None:
        self._matrices: list[Tensor] = []
        self._made_from: tuple[int, int] | None = None

    def __call__(self, x: Tensor, weight: Tensor) -> Tensor:
        """``x (B, E, K), weight (E, K, N) or (K, N) -> (E, B, N)``."""
        if not _suits_onednn(x, weight):
            return _batched_product(x.transpose(0, 1), weight)
        matrices = self._rearranged(weight)
        products = x.new_empty(x.shape[1], x.shape[0], weight.shape[-1])
        for expert, product in enumerate(products):
            matrix = matrices[expert % len(matrices)]
            for rows, result in zip(_blocks(x[:, expert]), _blocks(product), strict=True):
                result.copy_(functional.linear(rows.to_mkldnn(), matrix).to_dense())
        return products

    def __reduce__(self) -> tuple[type[StackedProduct], tuple[()]]:
        return StackedProduct, ()  # tensors of oneDNN cannot be copied; a copy makes its own

    def _rearranged(self, weight: Tensor) -> list[Tensor]:
        source = (weight.data_ptr(), weight._version)
        if source != self._made_from:
            stacked = weight.detach() if weight.dim() == 3 else weight.detach()[None]
            self._matrices = [m.t().contiguous().to_mkldnn() for m in stacked.unbind()]
            self._made_from = source
        return self._matrices


def _blocks(rows: Tensor) -> tuple[Tensor, ...]:
    return (rows,) if len(rows) % BLOCK else rows.split(BLOCK)


def _suits_onednn(x: Tensor, weight: Tensor) -> bool:
    return (
        torch.is_inference_mode_enabled()
        and x.device.type == "cpu"
        and x.dtype == weight.dtype == torch.float32
        and not torch.is_autocast_enabled("cpu")
        and not weight.is_inference()  # such a one does not tell whether it was changed
        and torch.backends.mkldnn.is_available()
    )


def _batched_product(x: Tensor, weight: Tensor) -> Tensor:
    """``x (E, B, K) -> (E, B, N)``."""
    n_columns = weight.shape[-1]
    if n_columns >= FEWEST_COLUMNS:
        return x @ weight
    padded = functional.pad(weight, (0, FEWEST_COLUMNS - n_columns))
    return (x @ padded)[..., :n_columns]
