"""No gate at all: every open expert has the same say."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from bioassay_mtl.chem.representation import InputSize
from bioassay_mtl.nn.gates.base import Gate, GateConfig, gates
from bioassay_mtl.nn.inputs import Inputs


@gates.register("uniform")
class UniformGate(Gate):
    """``g_te = 1 / (number of experts open to t)``: nothing to learn, so nothing to overfit."""

    reads_inputs = False

    zeros: Tensor

    def __init__(
        self, config: GateConfig, n_tasks: int, n_experts: int, sizes: Mapping[str, InputSize]
    ) -> None:
        super().__init__(config, n_tasks, n_experts, sizes)
        self.register_buffer("zeros", torch.zeros(n_tasks, n_experts), persistent=False)

    def scores(self, inputs: Inputs) -> Tensor:
        return self.zeros[None]
