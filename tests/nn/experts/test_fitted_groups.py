"""Trees as a group of experts: settings of a network of their own, and no part of a joint one."""

from __future__ import annotations

from typing import Any

import pytest

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn import build_network, network_config
from bioassay_mtl.nn.experts import fitted_network, group_config
from bioassay_mtl.nn.trees.settings import BoostedTreesConfig, ForestConfig


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {"kind": "boosted_trees", "inputs": ["morgan"], "depth": 3},
            BoostedTreesConfig(inputs=("morgan",), depth=3),
        ),
        (
            {"kind": "forest", "inputs": ["morgan", "more"], "n_trees": 7},
            ForestConfig(inputs=("morgan", "more"), n_trees=7),
        ),
    ],
)
def test_a_group_stands_for_a_network(settings: dict[str, Any], expected: Any) -> None:
    group = group_config(settings)
    assert fitted_network(group) == expected
    again = group_config(group.model_dump(mode="json"))
    assert (again, fitted_network(again)) == (group, expected)


def test_it_is_not_trained_with_others() -> None:
    experts = [{"inputs": ["morgan"], "n": 2}, {"kind": "forest", "inputs": ["morgan"]}]
    config = network_config({"experts": experts})
    with pytest.raises(ConfigError, match=r"network\.gate\.kind to stacked"):
        build_network(config, {"morgan": 64}, ["a"])


@pytest.mark.parametrize("setting", [{"n": 2}, {"width": 7}, {"learning_rate_factor": 0.5}])
def test_what_trees_have_none_of_is_refused(setting: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"no setting {next(iter(setting))}"):
        group_config({"kind": "forest", "inputs": ["morgan"]} | setting)
