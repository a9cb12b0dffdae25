"""A stacked network is the weighted sum of its members, task by task."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn import build_network, network_config
from bioassay_mtl.nn.architectures.stacked import Stacked, StackedConfig
from bioassay_mtl.nn.draws import Draws
from bioassay_mtl.tasks.kinds import kind_config

SIZES = {"a": 32, "b": 16}
KINDS = tuple(
    kind_config(each)
    for each in (
        {"kind": "binary"},
        {"kind": "multiclass", "classes": ["x", "y", "z"]},
        {"kind": "regression"},
    )
)
GROUPS = [{"inputs": ["a"], "n": 2, "width": 8}, {"inputs": ["b"], "n": 1, "width": 4}]


def stacked() -> Stacked:
    config = network_config({"experts": GROUPS, "gate": {"kind": "stacked"}})
    with Draws(3).used():
        network = build_network(config, SIZES, ["t", "u", "v"], KINDS)
    assert isinstance(network, Stacked)
    return network.eval()


def inputs() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {name: torch.rand(7, size, generator=generator) for name, size in SIZES.items()}


@given(st.integers(0, 2**31))
def test_it_is_the_sum_of_a_loop_over_tasks_and_members(seed: int) -> None:
    network, x = stacked(), inputs()
    rng = np.random.default_rng(seed)
    weights = np.where(rng.random((3, 2)) < 0.4, 0, rng.random((3, 2))).astype(np.float32)
    bias = rng.normal(size=5).astype(np.float32)
    network.set_gates(torch.from_numpy(weights), torch.from_numpy(bias))
    found = network(x)
    says = [member(x) for member in network.members]
    for output, task in enumerate([0, 1, 1, 1, 2]):
        mixed = sum(weights[task, e] * says[e][:, output] for e in range(2))
        assert torch.allclose(found[:, output], bias[output] + mixed, atol=1e-5)
    assert network.connections.tolist() == (weights > 0).tolist()
    assert torch.equal(network.mixing_weights(x)[0], torch.from_numpy(weights))


def test_a_closed_member_has_no_say_whatever_it_says() -> None:
    network, x = stacked(), inputs()
    network.set_gates(torch.tensor([[1.0, 0], [1, 0], [1, 0]]), torch.zeros(5))
    before = network(x)
    x["b"] = x["b"] * 1e6
    assert torch.equal(network(x), before)


def test_what_was_rescaled_gives_the_scaled_output() -> None:
    network, x = stacked(), inputs()
    network.set_gates(torch.rand(3, 2), torch.rand(5))
    before = network(x)
    factor, shift = torch.tensor([1.0, 1, 1, 1, 2.5]), torch.tensor([0.0, 0, 0, 0, -3])
    network.rescale(factor, shift)
    network.rescale(factor, shift)
    expected = factor * (factor * before + shift) + shift
    assert torch.allclose(network(x), expected, atol=1e-5)


def test_groups_become_networks_of_their_own() -> None:
    config = network_config({"experts": GROUPS, "gate": {"kind": "stacked", "folds": 3}})
    assert isinstance(config, StackedConfig)
    assert [member.experts[0].inputs for member in config.members] == [("a",), ("b",)]  # type: ignore[attr-defined]
    assert (config.gate.folds, config.gate.method.kind) == (3, "penalized")
    again = network_config(config.model_dump(mode="json"))
    assert again == config
    brief = config.model_dump(mode="json", exclude_defaults=True) | {"kind": "stacked"}
    assert network_config(brief) == config


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"members": []}, "at least 1"),
        ({"members": [{"kind": "ensemble", "members": [{"experts": GROUPS}]}]}, "no ensemble"),
        ({"members": [{"experts": GROUPS}], "gate": {"folds": 1}}, "folds"),
        ({"members": [{"experts": GROUPS}], "gate": {"method": "best guess"}}, "unknown stacking"),
        ({"experts": [{"kind": "unheard of"}]}, "unheard of"),
    ],
)
def test_wrong_settings_are_named(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        network_config({"kind": "stacked", **settings})
