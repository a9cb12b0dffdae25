"""Panels that are trained together: what they share, what they do not, and that it resumes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import bioassay_mtl as bm
from bioassay_mtl.errors import ConfigError, InputError, TrainingError
from bioassay_mtl.models.model import Model
from bioassay_mtl.nn import build_network
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.training.together.adapters import Adapters
from bioassay_mtl.training.together.fit import (
    Together,
    sessions_of,
    settled_sessions,
    train_together,
)
from bioassay_mtl.training.together.settings import TogetherConfig
from tests.training.test_fit import same
from tests.training.together.conftest import together_config

WAYS = ["none", "trunk", "mmoeex", {"kind": "adapters", "rank": 2}, "muir"]


def trained(panels: Mapping[str, Panel], sharing: Any = None, **given: Any) -> Together:
    changes = given.pop("changes", {})
    config = together_config(**changes)
    return train_together({n: (p, config) for n, p in panels.items()}, sharing, **given)


class Killed(Exception):
    """Stands for a kill between two rounds."""


@pytest.mark.parametrize("sharing", WAYS, ids=str)
@pytest.mark.cases(2)
def test_resumed_equals_unbroken_to_the_bit(
    panels: dict[str, Panel], tmp_path: Path, sharing: Any
) -> None:
    def stop(record: Mapping[str, Any]) -> None:
        if record["epoch"] == 2:
            raise Killed

    panels = {name: panels[name] for name in ("large", "small")}
    unbroken = trained(panels, sharing)
    out = tmp_path / "models"
    with pytest.raises(Killed):
        trained(panels, sharing, out=out, progress=stop)
    assert not out.exists()
    with pytest.raises(ConfigError, match="unfinished run: resume it"):
        trained(panels, sharing, out=out)
    with pytest.raises(ConfigError, match="other settings"):  # states are in the panels' order
        trained(dict(reversed(panels.items())), sharing, out=out, resume=True)
    resumed = trained(panels, sharing, out=out, resume=True)
    assert resumed.record == unbroken.record
    for name, model in unbroken.models.items():
        assert same(model, resumed.models[name])
        assert same(model, Model.load(out / name))
        assert resumed.models[name].training == model.training
    again = trained(panels, sharing, out=out, resume=True)
    assert again.record == resumed.record
    assert json.loads((out / "together.json").read_text()) == resumed.record


def test_without_sharing_each_is_trained_as_alone(panels: dict[str, Panel]) -> None:
    config = {"alternation": "proportional", "apart": False, "sharing": "none"}
    found = trained(panels, config=config)
    for name, panel in panels.items():
        assert same(bm.train(panel, together_config()), found.models[name])


def test_a_trunk_is_one_and_its_networks_are_ordinary(panels: dict[str, Panel]) -> None:
    found = trained(panels, "trunk", changes={"average": 0.0, "split": {"fractions": (1, 0, 0)}})
    weights = {name: model.network.state_dict() for name, model in found.models.items()}
    for name, weight in weights["large"].items():
        if name.startswith("groups."):
            # The last step of the last round is another panel's: what others have then is as old.
            assert torch.allclose(weight, weights["small"][name], atol=0.2), name
            assert weight.data_ptr() != weights["small"][name].data_ptr()
    assert weights["large"]["tower.weight"].shape != weights["small"]["tower.weight"].shape
    assert found.record["shared"]["experts"]["large"] == found.record["shared"]["experts"]["small"]


def test_panels_that_share_experts_read_the_same(panels: dict[str, Panel]) -> None:
    other = together_config(
        network={"experts": [{"inputs": ["morgan"], "n": 1, "width": 8}]},
    )
    given = {"large": (panels["large"], together_config()), "small": (panels["small"], other)}
    with pytest.raises(ConfigError, match="those of 'small' differ from those of 'large'"):
        train_together(given, "trunk")


def test_unset_experts_are_those_of_the_largest_panel(panels: dict[str, Panel]) -> None:
    prints = {"fingerprints": {"morgan": {"kind": "morgan", "n_bits": 128}}}
    given: dict[str, Any] = {"small": panels["small"], "large": (panels["large"], prints)}
    found = settled_sessions(given, TogetherConfig(sharing="trunk"))
    assert [*found] == ["small", "large"]
    assert found["small"].config.network == found["large"].config.network
    assert found["small"].config.fingerprints == found["large"].config.fingerprints


def test_modules_are_shared_by_different_architectures(panels: dict[str, Panel]) -> None:
    """Fully connected experts, message passing, and a tower with a hidden layer."""
    graph = {"kind": "dmpnn", "inputs": ["graph"], "n": 1, "width": 16, "hidden": 16, "depth": 2}
    graphs = together_config(
        fingerprints={"graph": {"kind": "graph"}},
        network={"experts": [graph], "tower": {"kind": "mlp", "width": 8}},
    )
    given = {"large": (panels["large"], together_config()), "middle": (panels["middle"], graphs)}
    found = train_together(given, {"kind": "muir", "steps": 3, "share": 1.0, "pool": 0.25})
    modules = found.record["shared"]["modules"]
    assert modules["block"] == [8, 8]
    layers = {(each["panel"], each["layer"]) for each in modules["layers"]}
    assert ("large", "groups.0.layers.0.weight") in layers
    assert ("middle", "groups.0.readout.weight") in layers
    assert ("middle", "tower.hidden") in layers
    assert modules["of_several_panels"] > 0
    assert found.record["shared"]["generations"]
    assert modules["assays"]["names"] == ["middle: oxygen", "middle: sulfur"]
    smiles = ["CCO", "c1ccccc1N"]
    for model in found.models.values():
        assert model.predict(smiles)["status"].tolist() == ["ok", "ok"]
    assert found.models["middle"].training["together"] == found.record


def test_saved_modules_are_ordinary_weights_that_share_blocks(
    panels: dict[str, Panel], tmp_path: Path
) -> None:
    """Without contexts, average and search, equal modules are equal blocks, to the digit."""
    sharing = {"kind": "muir", "contexts": 0, "challengers": 0, "pool": 0.5, "block": [8, 8]}
    changes = {"average": 0.0, "split": {"fractions": (1, 0, 0)}, "epochs": 1}
    pair = {name: panels[name] for name in ("large", "small")}
    found = trained(pair, sharing, changes=changes, out=tmp_path / "models")
    loaded = Model.load(tmp_path / "models" / "large")
    weight = loaded.network.state_dict()["groups.0.layers.0.weight"]
    tiles = weight.reshape(2, 2, 8, 2, 8).transpose(2, 3).reshape(-1, 8, 8)
    layers = found.record["shared"]["modules"]["layers"]
    modules = next(each["modules"] for each in layers if each["panel"] == "large")
    assert len({*modules}) < len(modules) == 8
    for one in range(8):
        for other in range(one):
            assert torch.equal(tiles[one], tiles[other]) == (modules[one] == modules[other])


def test_test_molecules_of_a_panel_are_no_training_molecules_of_others(
    panels: dict[str, Panel],
) -> None:
    found = trained(panels, "none", changes={"epochs": 1})
    kept = {name: each["kept_apart"] for name, each in found.record["panels"].items()}
    assert sum(kept.values()) > 0
    given = {name: (panel, together_config()) for name, panel in panels.items()}
    sessions = settled_sessions(given, TogetherConfig())
    assert sum(sessions_of(sessions, TogetherConfig())[1].values()) == sum(kept.values())
    for name, model in found.models.items():
        known = model.training_molecules
        for other, session in sessions.items():
            test = [panels[other].structures[row] for row in session.parts.test]  # type: ignore[index]
            valid = [panels[name].structures[r] for r in sessions[name].parts.valid]  # type: ignore[index]
            if other != name:
                assert known is not None
                assert not {*np.array(test)[known.hold(test)]} - {*valid}


@pytest.mark.parametrize(
    ("sharing", "changes", "message"),
    [
        ({"kind": "muir", "block": [10, 10]}, {}, "10 x 10 does not divide large: groups.0"),
        ({"kind": "muir", "layers": ["towers"]}, {}, "network of 'large' has no hidden layers"),
        ({"kind": "muir", "steps": 500}, {}, "a generation of 500 steps does not fit"),
        ("muir", {"start_from": "pcba128"}, "'large' starts from a trained model"),
        ("trunks", {}, "did you mean 'trunk'"),
        ("none", {"devices": 2}, "trained together on one device"),
    ],
)
def test_what_cannot_be_is_refused(
    panels: dict[str, Panel], sharing: Any, changes: dict[str, Any], message: str
) -> None:
    if "start_from" in changes:
        config: Any = {"start_from": "pcba128", "epochs": 1}
        given = {name: (panel, config) for name, panel in panels.items()}
        with pytest.raises(ConfigError, match=message):
            train_together(given, sharing)
        return
    with pytest.raises(ConfigError, match=message):
        trained(panels, sharing, changes=changes)


def test_a_panel_alone_odd_names_and_trees_are_refused(panels: dict[str, Panel]) -> None:
    forest = {"network": {"kind": "forest", "inputs": ["morgan"]}, "device": "cpu"}
    with pytest.raises(ConfigError, match="of kind 'forest' is not trained by gradient"):
        train_together({"a": (panels["small"], forest), "b": panels["small"]}, "none")
    with pytest.raises(ConfigError, match="two panels or more"):
        train_together({"one": panels["small"]})
    with pytest.raises(ConfigError, match="must be one of a folder"):
        train_together({"a/b": panels["small"], "c": panels["small"]})
    with pytest.raises(ConfigError, match="unknown panel 'd'"):
        train_together(
            {"b": panels["small"], "c": panels["small"]}, config={"panel_weights": {"d": 2.0}}
        )
    with pytest.raises(ConfigError, match="by itself and within config"):
        train_together(
            {"b": panels["small"], "c": panels["small"]}, "none", config={"sharing": "trunk"}
        )


def test_a_panel_weight_changes_what_is_shared(panels: dict[str, Panel]) -> None:
    pair = {name: panels[name] for name in ("large", "small")}
    plain = trained(pair, "trunk", changes={"epochs": 1})
    heavy = trained(
        pair, config={"sharing": "trunk", "panel_weights": {"small": 50.0}}, changes={"epochs": 1}
    )
    assert not same(plain.models["large"], heavy.models["large"])


def test_experts_that_are_exclusive_to_a_panel_are_its_own(panels: dict[str, Panel]) -> None:
    matrix = [[True, True, False], [True, False, True], [True, False, False]]
    network = {"experts": [{"inputs": ["morgan"], "n": 3, "width": 8}]}
    sharing = {"kind": "mmoeex", "connections": {"kind": "matrix", "matrix": matrix}}
    settings = {"network": network, "average": 0.0, "split": {"fractions": (1, 0, 0)}}
    found = trained(panels, sharing, changes=settings)
    assert found.record["shared"]["connections"] == dict(zip(panels, matrix, strict=True))
    groups = {name: len(model.network.groups) for name, model in found.models.items()}
    assert groups == {"large": 2, "middle": 2, "small": 1}
    first, own = (
        {name: model.network.state_dict()[f"groups.{n}.first_bias"] for name, model in pairs}
        for n, pairs in enumerate(
            [[*found.models.items()], [(n, found.models[n]) for n in ("large", "middle")]]
        )
    )
    # A panel's model is that of its own last step, which others' may follow.
    assert torch.allclose(first["large"], first["middle"], atol=2e-3)
    assert torch.allclose(first["large"], first["small"], atol=2e-3)
    assert not torch.allclose(own["large"], own["middle"], atol=2e-2)


def test_adapters_add_matrices_of_low_rank(panels: dict[str, Panel]) -> None:
    config = together_config()
    networks: dict[str, Any] = {
        name: build_network(config.network, {"morgan": 256}, panel.tasks)
        for name, panel in panels.items()
    }
    joined = Adapters(rank=2).joined(networks, {}, 0)
    hidden = [network.groups[0].layers[0].weight for network in networks.values()]
    assert torch.equal(hidden[0], hidden[1])
    assert networks["large"].groups[0].first_bias is networks["small"].groups[0].first_bias
    for _ in range(3):
        for name, weight in zip(networks, hidden, strict=True):
            made = joined.made(name)
            assert made is not None
            made.write()
            weight.grad = torch.randn_like(weight)
            made.pull_back()
            made.step(0.01, 0.1)
    for name in networks:
        joined.made(name).write()  # type: ignore[union-attr]
    for one, other in zip(hidden[0], hidden[1], strict=True):
        assert 0 < int(torch.linalg.matrix_rank(one - other, tol=1e-4)) <= 4
    assert all(0 < share < 1 for share in joined.record({})["added"].values())
    with pytest.raises(ConfigError, match="rank 17 are larger than groups"):
        trained(panels, {"kind": "adapters", "rank": 17})


def test_closed_experts_within_a_panel_and_between_panels_exclude_each_other(
    panels: dict[str, Panel],
) -> None:
    network = {
        "experts": [{"inputs": ["morgan"], "n": 4, "width": 8}],
        "connections": {"kind": "exclusivity"},
    }
    with pytest.raises(ConfigError, match="experts of 'large' are closed to some of its own"):
        trained(panels, "mmoeex", changes={"network": network})


@pytest.mark.parametrize("kind", ["dwa", "lbtw"])
@pytest.mark.cases(1)
def test_panels_are_balanced_and_a_balanced_run_resumes(
    panels: dict[str, Panel], tmp_path: Path, kind: str
) -> None:
    def stop(record: Mapping[str, Any]) -> None:
        if record["epoch"] == 2:
            raise Killed

    pair = {name: panels[name] for name in ("large", "small")}
    config = {"sharing": "trunk", "balance": kind}
    long = {"epochs": 5, "split": {"fractions": (1, 0, 0)}}
    unbroken = trained(pair, config=config, changes=long)
    plain = trained(pair, "trunk", changes=long)
    assert not same(unbroken.models["large"], plain.models["large"])
    with pytest.raises(Killed):
        trained(pair, config=config, changes=long, out=tmp_path / "out", progress=stop)
    resumed = trained(pair, config=config, changes=long, out=tmp_path / "out", resume=True)
    assert all(same(model, resumed.models[name]) for name, model in unbroken.models.items())


def test_what_needs_all_losses_at_once_does_not_balance_panels() -> None:
    with pytest.raises(ConfigError, match="a batch is of one panel, and 'pcgrad' weighs tasks"):
        TogetherConfig(balance="pcgrad")


def test_a_checkpoint_of_another_run_is_refused(panels: dict[str, Panel], tmp_path: Path) -> None:
    def stop(record: Mapping[str, Any]) -> None:
        raise Killed

    pair = {name: panels[name] for name in ("middle", "small")}
    with pytest.raises(Killed):
        trained(pair, "trunk", out=tmp_path / "out", progress=stop)
    with pytest.raises(ConfigError, match="of a run with other settings or other data"):
        trained(pair, "muir", out=tmp_path / "out", resume=True)
    (tmp_path / "out.training" / "together.safetensors").write_bytes(b"no such file")
    with pytest.raises(InputError, match="the checkpoint cannot be read"):
        trained(pair, "trunk", out=tmp_path / "out", resume=True)


def test_shared_experts_start_from_one_model(panels: dict[str, Panel]) -> None:
    start, plain = {"start_from": "pcba128", "epochs": 1}, {"epochs": 1}
    given: Any = {"large": (panels["large"], start), "small": (panels["small"], plain)}
    with pytest.raises(ConfigError, match="have different start_from"):
        train_together(given, "trunk")


def test_a_diverging_panel_is_named(panels: dict[str, Panel], tmp_path: Path) -> None:
    pair = {name: panels[name] for name in ("middle", "small")}
    with pytest.raises(TrainingError, match="panel 'middle': training diverged"):
        trained(pair, "muir", changes={"learning_rate": 1e30}, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("scope", ["task", "all"])
@pytest.mark.parametrize("sharing", [*WAYS[1:-1], {"kind": "muir", "pool": 0.5}], ids=str)
@pytest.mark.cases(2)
def test_groups_of_assays_of_one_panel_share_under_two_step_balancing(
    panels: dict[str, Panel], sharing: Any, scope: str
) -> None:
    whole = panels["large"]
    groups = {name: whole.select_tasks([name]) for name in whole.tasks}
    changes = {"balance": {"kind": "two_step", "scope": scope}, "epochs": 1}
    alone = trained(groups, "none", changes=changes)
    found = trained(groups, sharing, changes=changes)
    for name, model in found.models.items():
        assert model.tasks == (name,)
        assert not same(model, alone.models[name])
    modules = found.record["shared"].get("modules", {"of_several_panels": 1})
    assert modules["of_several_panels"] > 0
