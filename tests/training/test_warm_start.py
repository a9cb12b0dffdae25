"""A warm start takes over experts and inputs, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bioassay_mtl.errors import ConfigError, ModelFolderError
from bioassay_mtl.models.join import join
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.shipped import find_model, names
from bioassay_mtl.nn.architectures.base import build_network
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.training import train
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.ensemble import train_ensemble
from bioassay_mtl.training.warm_start import (
    LEARNING_RATE_FACTOR,
    expert_groups,
    warm_start,
    with_start,
)
from tests.training.conftest import small_config
from tests.training.test_fit import same, weights
from tests.training.test_resume import Killed

FREE = {"epochs": 2, "batch_size": 64, "device": "cpu"}


@pytest.fixture(scope="module")
def few(small_panel: Panel) -> Panel:
    """Enough molecules for one batch: the descriptors of a new model take their time."""
    return small_panel.take(np.arange(60))


@pytest.fixture(scope="module")
def source(small_panel: Panel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a model of other tasks, of 300 atoms at most, with a low-rank gate."""
    panel = small_panel.select_tasks(["chlorine"])
    folder = tmp_path_factory.mktemp("source") / "source"
    train(panel, small_config(epochs=1, max_atoms=300), out=folder)
    return folder


def config(source: Path, **changes: Any) -> TrainingConfig:
    return TrainingConfig.of(FREE | {"start_from": str(source)} | changes)


def experts(model: Model) -> dict[str, torch.Tensor]:
    return {name: w for name, w in weights(model).items() if name.startswith("groups.")}


def test_inputs_and_experts_are_taken_over(source: Path) -> None:
    taken = with_start(config(source))
    (group,) = taken.network.experts  # type: ignore[attr-defined]
    assert (group.width, group.n, group.depth) == (16, 2, 2)
    assert group.learning_rate_factor == LEARNING_RATE_FACTOR
    assert taken.fingerprints["morgan"]["n_bits"] == 256
    assert taken.max_atoms == 300
    assert taken.epochs == 2
    assert with_start(TrainingConfig.of(taken.model_dump(mode="json"))) == taken


def test_what_is_set_is_kept(source: Path) -> None:
    theirs = {"inputs": ["morgan"], "n": 2, "width": 16, "depth": 2, "dropout": 0}
    network = {"experts": [theirs | {"learning_rate_factor": 1.0}]}
    taken = with_start(config(source, max_atoms=50, network=network))
    assert taken.max_atoms == 50
    assert taken.network.experts[0].learning_rate_factor == 1  # type: ignore[attr-defined]
    assert warm_start(taken) is not None


def test_repeated_experts_are_slow_and_others_are_not(source: Path) -> None:
    theirs = {"inputs": ["morgan"], "n": 2, "width": 16, "depth": 2, "dropout": 0}
    # One group starts with the model's experts: the second of them starts afresh.
    network = {"experts": [theirs | {"width": 8}, theirs, theirs]}
    taken = with_start(config(source, network=network))
    rates = [group.learning_rate_factor for group in taken.network.experts]  # type: ignore[attr-defined]
    assert rates == [1, LEARNING_RATE_FACTOR, 1]
    assert with_start(taken) == taken
    start = warm_start(taken)
    assert start is not None
    assert {name.split(".")[1] for name in start.weights} == {"1"}


@pytest.mark.parametrize(("kind", "field"), [("mmoe", "experts"), ("shared_bottom", "bottom")])
def test_networks_of_one_group_are_slow_too(
    few: Panel, tmp_path: Path, kind: str, field: str
) -> None:
    group = {"inputs": ["morgan"], "width": 16}
    network = {"kind": kind, field: group}
    first = small_config(epochs=1).model_dump() | {"network": network}
    train(few, TrainingConfig.of(first), out=tmp_path / "first")
    taken = with_start(config(tmp_path / "first", network=network))
    assert getattr(taken.network, field).learning_rate_factor == LEARNING_RATE_FACTOR
    assert warm_start(taken) is not None


@pytest.mark.soak
def test_experts_get_no_slower_each_time(few: Panel, source: Path, tmp_path: Path) -> None:
    start = source
    for name in ("one", "two"):
        train(few, config(start, epochs=1), out=tmp_path / name)
        start = tmp_path / name
    groups = dict(expert_groups(with_start(config(start)).network))
    assert {group.learning_rate_factor for group in groups.values()} == {LEARNING_RATE_FACTOR}


def test_experts_that_were_slow_are_slower() -> None:
    shipped = dict(expert_groups(Model.load(find_model("pcba128-mix")).network_config))
    taken = with_start(TrainingConfig(start_from="pcba128-mix"))
    found = [group.learning_rate_factor for _, group in expert_groups(taken.network)]
    expected = [LEARNING_RATE_FACTOR * each.learning_rate_factor for each in shipped.values()]
    assert found == expected
    assert len(set(found)) == 2


def test_experts_start_where_the_model_ended(few: Panel, source: Path) -> None:
    still = config(source, learning_rate=1e-12, weight_decay=0, average=0)
    model = train(few, still)
    known = Model.load(source)
    for name, weight in experts(known).items():
        torch.testing.assert_close(experts(model)[name], weight, rtol=0, atol=1e-6)
    assert model.tasks == few.tasks
    assert not torch.equal(weights(model)["tower.weight"][..., 2:], weights(known)["tower.weight"])


def test_every_member_of_an_ensemble_starts_there(few: Panel, source: Path) -> None:
    still = config(source, learning_rate=1e-12, weight_decay=0, average=0, epochs=1)
    joined = train_ensemble(few, still, 2)
    known = experts(Model.load(source))
    network: Any = joined.network
    for member in network.members:
        for name, weight in known.items():
            torch.testing.assert_close(member.state_dict()[name], weight, rtol=0, atol=1e-6)


@pytest.mark.soak
def test_same_seed_same_weights_and_the_source_is_recorded(
    few: Panel, source: Path, tmp_path: Path
) -> None:
    model = train(few, config(source), out=tmp_path / "model")
    assert same(model, train(few, config(source)))
    assert not same(model, train(few, config(source, start_from=None)))
    assert model.training["config"]["start_from"] == str(source)
    recorded = model.training["start_from"]
    assert recorded["name"] == "source"
    assert len(recorded["weights_sha256"]) == 64
    assert Model.load(tmp_path / "model").training == model.training


def test_resumed_equals_unbroken(few: Panel, source: Path, tmp_path: Path) -> None:
    def stop(record: object) -> None:
        raise Killed

    out = tmp_path / "model"
    with pytest.raises(Killed):
        train(few, config(source), out=out, progress=stop)
    resumed = train(few, config(source), out=out, resume=True)
    assert same(resumed, train(few, config(source)))


def test_a_run_from_another_source_is_not_resumed(few: Panel, source: Path, tmp_path: Path) -> None:
    def stop(record: object) -> None:
        raise Killed

    folder = tmp_path / "moving"
    Model.load(source).save(folder)
    with pytest.raises(Killed):
        train(few, config(folder), out=tmp_path / "model", progress=stop)
    altered = Model.load(folder)
    tower: Any = altered.network.tower
    with torch.no_grad():
        tower.bias += 1
    altered.save(folder, overwrite=True)
    with pytest.raises(ConfigError, match="other settings or other data"):
        train(few, config(folder), out=tmp_path / "model", resume=True)


def test_more_experts_may_stand_beside(few: Panel, source: Path) -> None:
    group = {"inputs": ["morgan"], "width": 16}
    network = {"experts": [group | {"n": 1}, group | {"n": 2, "depth": 2}]}
    start = warm_start(with_start(config(source, network=network)))
    assert start is not None
    assert {name.split(".")[1] for name in start.weights} == {"1"}
    model = train(few, config(source, network=network, epochs=1))
    assert model.network.connections.shape == (3, 3)


def test_all_members_of_an_ensemble_are_taken(few: Panel, source: Path, tmp_path: Path) -> None:
    known = Model.load(source)
    join([known, known]).save(tmp_path / "both")
    model = train(few, config(tmp_path / "both", epochs=1))
    assert model.network.connections.shape == (3, 7)  # two of two each, and three of descriptors


def test_members_of_other_widths_are_taken(few: Panel, tmp_path: Path) -> None:
    """As those of pcba128-mix are."""
    models = []
    for width in (16, 8):
        network = {"experts": [{"inputs": ["morgan"], "n": 1, "width": width}]}
        models.append(train(few, small_config(network=network, epochs=1)))
    join(models).save(tmp_path / "both")
    model = train(few, config(tmp_path / "both", epochs=1))
    assert [group.width for _, group in expert_groups(model.network_config)] == [16, 8, 16]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"network": {"experts": [{"inputs": ["morgan"], "n": 2, "width": 8}]}},
            r"experts mlp on morgan \(n 2, width 16, activation relu, depth 2\) have no place",
        ),
        (
            {"fingerprints": {"morgan": {"kind": "morgan", "n_bits": 512}}},
            "input 'morgan' with other settings: n_bits 256",
        ),
        (
            {
                "fingerprints": {"bits": {"kind": "morgan", "n_bits": 256}},
                "network": {"experts": [{"inputs": ["bits"], "n": 2, "width": 16, "depth": 2}]},
            },
            "read an input 'morgan', and the settings have bits",
        ),
    ],
)
def test_what_does_not_fit_is_named(
    few: Panel, source: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        train(few, config(source, **changes))


def test_an_unknown_model_is_named(few: Panel) -> None:
    with pytest.raises(ModelFolderError, match=r"'pcba12' is no model.*'pcba128'"):
        train(few, {"start_from": "pcba12"})


def test_scales_of_descriptors_are_those_of_the_source(
    small_panel: Panel, nci_smiles: list[str], tmp_path: Path
) -> None:
    inputs = {"descriptors": {"kind": "rdkit_descriptors"}}
    network = {"experts": [{"inputs": ["descriptors"], "n": 1, "width": 8}]}
    known = train(
        small_panel.take(np.arange(50)),
        small_config(fingerprints=inputs, network=network, epochs=1),
        out=tmp_path / "source",
    )
    model = train(small_panel.take(np.arange(50, 100)), config(tmp_path / "source", epochs=1))
    np.testing.assert_array_equal(
        model.scalings["descriptors"].quantiles, known.scalings["descriptors"].quantiles
    )


@pytest.mark.parametrize("name", names())
def test_shipped_models_can_be_started_from(name: str) -> None:
    settings = with_start(TrainingConfig.of({"start_from": name}))
    build_network(settings.network, settings.featurizer().input_sizes, ["any"])
    start = warm_start(settings)
    assert start is not None
    assert start.name == name
    assert sum(weight.numel() for weight in start.weights.values()) > 1_000_000
