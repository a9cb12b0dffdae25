"""A gate whose tasks read one small bottleneck of the molecule's features."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from bioassay_mtl.chem.representation import InputSize
from bioassay_mtl.nn.gates.base import Gate, GateConfig, gates
from bioassay_mtl.nn.inputs import InputLinear, Inputs


@gates.register("low_rank")
class LowRankGate(Gate):
    """``g_t(x) = softmax(U_t tanh(V x) + b_t + M_t)`` with V of rank r shared by all tasks."""

    shared = ("bottleneck.",)

    def __init__(
        self, config: GateConfig, n_tasks: int, n_experts: int, sizes: Mapping[str, InputSize]
    ) -> None:
        super().__init__(config, n_tasks, n_experts, sizes)
        self.bottleneck = InputLinear(sizes, config.rank)
        self.weight = nn.Parameter(torch.zeros(n_tasks, n_experts, config.rank))
        self.bias = nn.Parameter(torch.zeros(n_tasks, n_experts))

    def scores(self, inputs: Inputs) -> Tensor:
        code = self.dropout(torch.tanh(self.bottleneck(inputs)))
        return torch.einsum("br,ter->bte", code, self.weight) + self.bias
