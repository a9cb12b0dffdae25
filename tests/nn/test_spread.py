"""What experts say alone, and what the network makes of it."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from bioassay_mtl.nn.architectures.base import build_network, network_config
from bioassay_mtl.nn.spread import spread_of
from tests.screening.tiny_model import tiny_model

TASKS = ("a", "b", "c")
GROUPS = [{"inputs": ["morgan"], "n": 2, "width": 8}, {"inputs": ["torsion"], "n": 1, "width": 8}]
MIXTURE: dict[str, Any] = {"kind": "mmoeex", "experts": GROUPS}
KINDS: dict[str, dict[str, Any]] = {
    "mixture": MIXTURE,
    "gates of molecules": {**MIXTURE, "gate": {"kind": "linear"}},
    "stacked": {"kind": "stacked", "members": [MIXTURE, {**MIXTURE, "experts": GROUPS[:1]}]},
    "ensemble": {"kind": "ensemble", "members": [MIXTURE, MIXTURE], "weights": [0.7, 0.3]},
}


@pytest.fixture(scope="module")
def inputs() -> Any:
    model = tiny_model()
    return model.inputs(model.featurize(["CCO", "c1ccccc1O", "CC(=O)N", "CCCCN"]))


@pytest.mark.parametrize("kind", KINDS)
def test_votes_by_their_shares_are_the_output(kind: str, inputs: Any) -> None:
    torch.manual_seed(0)
    network: Any = build_network(
        network_config(KINDS[kind]), tiny_model().featurizer.input_sizes, TASKS
    )
    network.eval()
    if kind == "stacked":
        network.set_gates(torch.tensor([[0.3, 0.9], [0.0, 1.2], [0.5, 0.1]]), torch.ones(3))
        network.rescale(torch.full((3,), 2.0), torch.full((3,), 0.5))
    with torch.inference_mode():
        votes, shares = network.votes(inputs)
        assert torch.allclose((votes * shares).sum(dim=1), network(inputs), atol=1e-5)
        assert torch.allclose(shares.sum(dim=1), torch.ones(()), atol=1e-5)
        spread = spread_of(network, inputs)
    mean = (votes * shares).sum(dim=1, keepdim=True)
    expected = (shares * (votes - mean) ** 2).sum(dim=1).sqrt()
    open_to = (shares > 0).sum(dim=1).expand_as(expected)
    assert torch.equal(spread.isnan(), open_to < 2)
    assert torch.allclose(spread[open_to > 1], expected[open_to > 1], atol=1e-5)
    assert spread.isnan().any() == (kind == "stacked")  # an assay that hears one expert


def test_one_expert_has_no_spread(inputs: Any) -> None:
    alone = {"kind": "mmoeex", "experts": [{"inputs": ["morgan"], "n": 1, "width": 8}]}
    network: Any = build_network(network_config(alone), tiny_model().featurizer.input_sizes, TASKS)
    assert spread_of(network.eval(), inputs).isnan().all()
