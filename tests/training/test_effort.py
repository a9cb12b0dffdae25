"""How much a run spends on a panel, where nobody has set its network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.training import effort
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.defaults import settled

FITTED = ["forest", "boosted_trees", "linear"]


def panel_of(smiles: list[str], n: int, n_active: int, n_tasks: int = 1) -> Panel:
    labels = np.zeros((n, n_tasks), np.int8)
    labels[:n_active] = 1
    copies = [smiles[row % len(smiles)] for row in range(n)]
    return Panel.from_arrays(copies, labels, [f"t{task}" for task in range(n_tasks)])


def chosen(panel: Panel, stacks: bool = True, **settings: Any) -> tuple[Any, str]:
    config, said = settled(settings, panel, stacks=stacks)
    return config.network, said


def test_a_small_panel_gets_trees_beside_its_network(nci_smiles: list[str]) -> None:
    network, said = chosen(panel_of(nci_smiles, 400, 40))
    assert [member.kind for member in network.members] == [
        "forest",
        "boosted_trees",
        "linear",
        "mmoeex",
    ]
    assert network.members[0].inputs == ("morgan", "descriptors")
    assert network.gate.folds == 5
    assert network.gate.method.expected == (5.0, 1.0, 3.0, 1.0)
    assert chosen(panel_of(nci_smiles, 400, 40, 2))[0].gate.method.expected is None
    assert "beside a forest, boosted trees and a linear model" in said
    alone, _ = chosen(panel_of(nci_smiles, 400, 40), effort="quick")
    assert network.members[3] == alone


@pytest.mark.parametrize(
    ("n", "n_active", "n_tasks"),
    [(40, 20, 1), (400, 1, 1), (400, 0, 3), (4000, 400, 51), (60, 9, 201)],
)
def test_others_get_their_network_alone(
    nci_smiles: list[str], n: int, n_active: int, n_tasks: int
) -> None:
    """Too few rows, one active, none, and too many cells or assays for trees of every assay."""
    network, said = chosen(panel_of(nci_smiles, n, n_active, n_tasks))
    assert network.kind == "mmoeex"
    assert "beside a forest" not in said
    assert ("alone (an effort of thorough grows trees beside it)" in said) == (n_tasks > 50)


@pytest.mark.parametrize(("n", "fractions"), [(400, (0.8, 0.0, 0.2)), (4000, (0.9, 0.0, 0.1))])
def test_folds_need_no_rows_to_stop_on(
    nci_smiles: list[str], n: int, fractions: tuple[float, ...]
) -> None:
    panel = panel_of(nci_smiles, n, 100, 2)
    config, said = settled({}, panel, stacks=True)
    assert config.split.fractions == fractions
    assert "no rows spent on stopping early" in said
    network = {"kind": "stacked", "members": [{"kind": "linear", "inputs": ["morgan"]}]}
    assert settled({"network": network}, panel)[0].split.fractions == fractions
    asked = {"split": {"fractions": (0.7, 0.2, 0.1)}}
    assert settled(asked, panel, stacks=True)[0].split.fractions == (0.7, 0.2, 0.1)
    alone = settled({"effort": "quick"}, panel, stacks=True)[0]
    assert (alone.split.fractions[1] == 0) == (n == 400)


def test_two_actives_are_enough(nci_smiles: list[str]) -> None:
    assert chosen(panel_of(nci_smiles, 400, 2))[0].kind == "stacked"


def test_one_assay_that_can_tell_experts_apart_is_enough(nci_smiles: list[str]) -> None:
    labels = np.full((200, 3), np.nan)
    labels[:, 0] = np.arange(200) % 2
    labels[:1, 1] = 1
    panel = Panel.from_arrays(nci_smiles[:200], labels, ["a", "b", "c"])
    assert chosen(panel)[0].kind == "stacked"


def test_values_need_rows_alone(nci_smiles: list[str]) -> None:
    values = np.linspace(3, 9, 60)[:, None]
    panel = Panel.from_arrays(nci_smiles[:60], values, ["v"], kinds=["regression"])
    assert chosen(panel)[0].kind == "stacked"


@pytest.mark.parametrize(
    ("n_tasks", "kinds"),
    [(16, [*FITTED, "mmoeex"]), (17, [*FITTED[1:], "mmoeex"]), (50, [*FITTED[1:], "mmoeex"])],
)
def test_a_value_counts_for_six_outcomes_and_for_two_without_a_forest(
    nci_smiles: list[str], n_tasks: int, kinds: list[str]
) -> None:
    network, said = chosen(of_values(nci_smiles, n_tasks))
    assert [member.kind for member in network.members] == kinds
    assert ("beside a forest, boosted trees" in said) == (len(kinds) == 4)
    assert "boosted trees and a linear model" in said


def test_more_values_get_their_network_alone(nci_smiles: list[str]) -> None:
    assert chosen(of_values(nci_smiles, 51))[0].kind == "mmoeex"
    thorough = chosen(of_values(nci_smiles, 51), effort="thorough")[0]
    assert thorough.members[0].kind == "forest"


def test_a_large_panel_of_values_gets_trees_beside_the_general_network(
    nci_smiles: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bioassay_mtl.training.defaults.SMALL", 1_000)
    panel = of_values(nci_smiles, 17)
    config, said = settled({}, panel, stacks=True)
    members = config.network.members  # type: ignore[attr-defined]
    assert [member.kind for member in members] == [*FITTED[1:], "mmoeex"]
    assert members[2] == TrainingConfig().network
    assert members[0].inputs == ("morgan", "descriptors")
    assert "descriptors" in config.fingerprints
    assert config.split.fractions == (0.9, 0.0, 0.1)
    assert "the network of large panels beside boosted trees and a linear model" in said
    for more, settings in ((False, {}), (True, {"effort": "quick"})):
        plain, _ = settled(settings, panel, stacks=more)
        assert plain.network == TrainingConfig().network
        assert "descriptors" not in plain.fingerprints
    monkeypatch.setattr("bioassay_mtl.training.defaults.SMALL_OF_FEW", 1_000)
    assert chosen(panel)[0].kind == "mmoeex"


def of_values(smiles: list[str], n_tasks: int) -> Panel:
    values = np.random.default_rng(0).normal(size=(2000, n_tasks))
    names = [f"v{n}" for n in range(n_tasks)]
    return Panel.from_arrays(smiles[:2000], values, names, kinds=["regression"] * n_tasks)


def test_more_effort_takes_more_cells_and_graphs(nci_smiles: list[str]) -> None:
    panel = panel_of(nci_smiles, 4000, 400, 51)
    config, said = settled({"effort": "thorough"}, panel, stacks=True)
    assert config.network.kind == "stacked"  # type: ignore[attr-defined]
    members = config.network.members  # type: ignore[attr-defined]
    assert [member.kind for member in members] == [
        "forest",
        "boosted_trees",
        "linear",
        "mmoeex",
        "mmoeex",
    ]
    assert members[4].experts[0].inputs == ("graph",)
    assert "graph" in config.fingerprints
    assert "graph" not in {name for group in members[3].experts for name in group.inputs}
    assert "experts of graphs" in said


def test_a_set_network_is_obeyed(nci_smiles: list[str]) -> None:
    group = {"inputs": ["morgan"], "n": 1, "width": 8}
    network, _ = chosen(panel_of(nci_smiles, 400, 40), network={"experts": [group]})
    assert network.kind == "mmoeex"


@pytest.mark.parametrize("setting", [{"balance": "two_step"}, {"loss": "focal"}])
def test_what_trees_do_not_know_leaves_them_out(
    nci_smiles: list[str], setting: dict[str, Any]
) -> None:
    panel = panel_of(nci_smiles, 400, 40)
    assert chosen(panel, **setting)[0].kind == "mmoeex"
    with pytest.raises(ConfigError, match="effort normal: there are trees"):
        chosen(panel, effort="normal", **setting)


def test_runs_of_several_models_stack_where_they_are_asked_to(nci_smiles: list[str]) -> None:
    panel = panel_of(nci_smiles, 400, 40)
    assert chosen(panel, stacks=False)[0].kind == "mmoeex"
    assert chosen(panel, stacks=False, effort="normal")[0].kind == "stacked"
    with pytest.raises(ConfigError, match="no search tries"):
        settled({"effort": "thorough"}, panel, stops=True)


def test_what_was_settled_stays(nci_smiles: list[str]) -> None:
    panel = panel_of(nci_smiles, 400, 40)
    once, _ = settled({}, panel, stacks=True)
    assert settled(once, panel)[0] == once
    assert settled(TrainingConfig.of(once.model_dump(mode="json")), panel)[0] == once


def test_without_xgboost_it_says_how_to_have_trees(
    nci_smiles: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(effort, "find_spec", lambda name: None)
    network, said = chosen(panel_of(nci_smiles, 400, 40))
    assert network.kind == "mmoeex"
    assert "pip install 'bioassay-mtl[trees]'" in said
