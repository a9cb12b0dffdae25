"""The published gate: scores linear in the molecule's features."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from bioassay_mtl.chem.representation import InputSize
from bioassay_mtl.nn.gates.base import Gate, GateConfig, gates
from bioassay_mtl.nn.inputs import InputLinear, Inputs


@gates.register("linear")
class LinearGate(Gate):
    """``g_t(x) = softmax(W_t x + b_t + M_t)`` (MMoE and MMoEEx, arXiv 2106.10595).

    With F features each task and expert has F weights: on sparse panels this overfits, so prefer
    the other kinds there.
    """

    def __init__(
        self, config: GateConfig, n_tasks: int, n_experts: int, sizes: Mapping[str, InputSize]
    ) -> None:
        super().__init__(config, n_tasks, n_experts, sizes)
        self.weight = InputLinear(sizes, n_tasks * n_experts)
        for table in self.weight.tables.values():
            nn.init.zeros_(table)
        self.bias = nn.Parameter(torch.zeros(n_tasks, n_experts))

    def scores(self, inputs: Inputs) -> Tensor:
        scores: Tensor = self.weight(inputs).unflatten(1, (-1, self.n_experts))
        scores = self.dropout(scores) + self.bias
        return scores
