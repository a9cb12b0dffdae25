"""A learned mix per task that does not depend on the molecule."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from bioassay_mtl.chem.representation import InputSize
from bioassay_mtl.nn.gates.base import Gate, GateConfig, gates
from bioassay_mtl.nn.inputs import Inputs


@gates.register("static")
class StaticGate(Gate):
    """``g_t = softmax(s_t + M_t)`` with one free score per task and expert."""

    reads_inputs = False

    def __init__(
        self, config: GateConfig, n_tasks: int, n_experts: int, sizes: Mapping[str, InputSize]
    ) -> None:
        super().__init__(config, n_tasks, n_experts, sizes)
        self.score = nn.Parameter(torch.zeros(n_tasks, n_experts))

    def scores(self, inputs: Inputs) -> Tensor:
        return self.score[None]
