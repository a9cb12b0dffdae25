"""Layers of E experts side by side, with one weight for each."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from bioassay_mtl.nn.products import StackedProduct


class StackedLinear(nn.Module):
    """E independent linear layers of equal size, as one batched product.

    ``y_be = x_be W_e + b_e`` with ``W (E, H_in, H_out)``, each initialized as `torch.nn.Linear`.
    """

    def __init__(self, n_experts: int, n_inputs: int, n_outputs: int) -> None:
        super().__init__()
        self._product = StackedProduct()
        self.weight = nn.Parameter(torch.empty(n_experts, n_inputs, n_outputs))
        self.bias = nn.Parameter(torch.empty(n_experts, n_outputs))
        bound = n_inputs**-0.5
        nn.init.uniform_(self.weight, -bound, bound)
        nn.init.uniform_(self.bias, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, E or 1, H_in) -> (B, E, H_out)``."""
        return self._product(x, self.weight, self.bias).transpose(0, 1)


class StackedNorm(nn.Module):
    """Layer normalization with a scale and a bias for each of E experts.

    The scale counts from 1, so that weight decay pulls it there.
    """

    def __init__(self, n_experts: int, width: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.zeros(n_experts, width))
        self.bias = nn.Parameter(torch.zeros(n_experts, width))

    def forward(self, x: Tensor) -> Tensor:
        """``(B, E or 1, H) -> (B, E, H)``."""
        if len(self.scale) == 1:  # in one pass
            return functional.layer_norm(x, x.shape[-1:], 1 + self.scale[0], self.bias[0])
        return functional.layer_norm(x, x.shape[-1:]) * (1 + self.scale) + self.bias
