"""Diagnostics of a trained mixture: what its experts and gates do."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from bioassay_mtl.nn.inputs import Inputs
from bioassay_mtl.nn.network import Network
from bioassay_mtl.renamed import attribute


def expert_diversity(experts: Tensor) -> Tensor:
    """Distances between expert outputs on a fixed batch, scaled to [0, 1].

    ``d(e, e') = || f_e(X) - f_e'(X) ||_2``, divided by the largest (arXiv 2106.10595).

    Parameters
    ----------
    experts
        ``(B, E, H)``.

    Returns
    -------
    ``(E, E)``, symmetric with a zero diagonal; all zero where every expert agrees.
    """
    flat = experts.transpose(0, 1).flatten(1).double()
    distances = torch.cdist(flat, flat, compute_mode="donot_use_mm_for_euclid_dist")
    return distances / distances.max().clamp_min(torch.finfo(torch.float64).tiny)


def mean_diversity(distances: Tensor) -> float:
    """Mean over pairs of different experts; 0 where there is only one."""
    n = len(distances)
    return float(distances.sum() / (n * (n - 1))) if n > 1 else 0.0


class MixtureDiagnostics(NamedTuple):
    """Diversity ``(E, E)``, its mean, and gate utilization ``(T, E)`` (rows sum to 1)."""

    diversity: Tensor
    mean_diversity: float
    utilization: Tensor


MixtureDiagnostics.utilisation = attribute(  # type: ignore[attr-defined]
    "utilisation", "utilization"
)


@torch.no_grad()
def diagnose(network: Network, inputs: Inputs) -> MixtureDiagnostics:
    """Diversity and mean gate of a network on one batch of molecules."""
    was_training = network.training
    network.eval()
    try:
        distances = expert_diversity(network.experts(inputs))
        utilization = network.mixing_weights(inputs).mean(dim=0)
    finally:
        network.train(was_training)
    return MixtureDiagnostics(distances, mean_diversity(distances), utilization)
