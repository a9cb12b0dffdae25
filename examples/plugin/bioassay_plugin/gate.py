"""A gate whose experts do not compete: bounded scores, learned for each task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from bioassay_mtl.nn.gates import Gate, GateConfig
from bioassay_mtl.nn.inputs import Inputs


class SigmoidGate(Gate):
    """``g_te = s(a_te) / sum_e' s(a_te')`` over open experts, with the logistic function s.

    :class:`Gate` makes mixing weights of :meth:`scores` by a softmax, which takes logarithms.
    """

    reads_inputs = False

    def __init__(
        self, config: GateConfig, n_tasks: int, n_experts: int, sizes: Mapping[str, Any]
    ) -> None:
        super().__init__(config, n_tasks, n_experts, sizes)
        self.score = nn.Parameter(torch.zeros(n_tasks, n_experts))

    def scores(self, inputs: Inputs) -> Tensor:
        """``(1, T, E)``, for all molecules the same."""
        return nn.functional.logsigmoid(self.score)[None]
