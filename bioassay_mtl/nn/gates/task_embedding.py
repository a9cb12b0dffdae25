"""A gate in which tasks, experts and molecules meet in one small space."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from bioassay_mtl.chem.representation import InputSize
from bioassay_mtl.nn.gates.base import Gate, GateConfig, gates
from bioassay_mtl.nn.inputs import InputLinear, Inputs


@gates.register("task_embedding")
class TaskEmbeddingGate(Gate):
    """``score_bte = sum_r (1 + tanh(V x_b))_r u_tr k_er``: a trilinear form of rank r.

    Task embeddings u and expert keys k replace the ``T x E x r`` weights of the low-rank gate, so
    that tasks with few actives borrow from the rest; the 1 gives each task a mix of its own that
    does not depend on the molecule. Keys start at zero: a uniform mix.
    """

    shared = ("bottleneck.", "key")

    def __init__(
        self, config: GateConfig, n_tasks: int, n_experts: int, sizes: Mapping[str, InputSize]
    ) -> None:
        super().__init__(config, n_tasks, n_experts, sizes)
        self.bottleneck = InputLinear(sizes, config.rank)
        self.task = nn.Parameter(torch.randn(n_tasks, config.rank) * config.rank**-0.5)
        self.key = nn.Parameter(torch.zeros(n_experts, config.rank))

    def scores(self, inputs: Inputs) -> Tensor:
        code = 1 + self.dropout(torch.tanh(self.bottleneck(inputs)))
        return torch.einsum("br,tr,er->bte", code, self.task, self.key)
