"""Diversity and utilization say what the definition says."""

from __future__ import annotations

import numpy as np
import torch

from bioassay_mtl.models.diagnostics import diagnose, expert_diversity, mean_diversity
from tests.nn.architectures.test_mmoeex import make, some_inputs


def test_diversity_equals_the_naive_distance() -> None:
    experts = torch.randn(11, 4, 3)
    expected = np.array(
        [[np.linalg.norm(experts[:, i] - experts[:, j]) for j in range(4)] for i in range(4)]
    )
    distances = expert_diversity(experts)
    np.testing.assert_allclose(distances, expected / expected.max(), rtol=1e-5)
    assert abs(mean_diversity(distances) - expected.sum() / expected.max() / 12) < 1e-5


def test_equal_experts_are_not_diverse() -> None:
    distances = expert_diversity(torch.ones(5, 3, 2))
    assert (distances == 0).all()
    assert mean_diversity(distances) == 0


def test_diagnose_leaves_the_network_as_it_was() -> None:
    network = make("low_rank", "linear", np.ones((6, 5), bool).tolist()).train()
    result = diagnose(network, some_inputs())
    assert network.training
    assert result.utilization.shape == (6, 5)
    torch.testing.assert_close(result.utilization.sum(1), torch.ones(6).double())
