"""A kind of experts: one layer each, bounded by tanh."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor, nn

from bioassay_mtl.nn.experts import GroupConfig
from bioassay_mtl.nn.inputs import InputLinear, Inputs


class TanhConfig(GroupConfig):
    """Settings of :class:`Tanh`; ``slope`` multiplies what the layer gives."""

    kind: Literal["tanh"] = "tanh"
    slope: float = 1.0

    def build(self, sizes: Mapping[str, Any]) -> Tanh:
        """A module from inputs to ``(B, E, H)``."""
        return Tanh(self, sizes)


class Tanh(nn.Module):
    """``f_e(x) = tanh(slope (W_e x + b_e))`` for all E experts at once."""

    def __init__(self, config: TanhConfig, sizes: Mapping[str, Any]) -> None:
        super().__init__()
        self.slope = config.slope
        self.map = InputLinear(
            {name: sizes[name] for name in config.inputs}, config.n * config.width
        )
        self.bias = nn.Parameter(torch.zeros(config.n, config.width))

    def forward(self, inputs: Inputs) -> Tensor:
        """``(B, E, H)``."""
        hidden: Tensor = self.map(inputs).unflatten(1, self.bias.shape) + self.bias
        return torch.tanh(self.slope * hidden)
