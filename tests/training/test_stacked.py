"""Experts trained each on its own, and gates fitted to what they say out of fold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bioassay_mtl.chem.features import Features
from bioassay_mtl.cli.outcome import worth
from bioassay_mtl.errors import ConfigError, TrainingError
from bioassay_mtl.models.model import Model
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.report.experts import expert_names
from bioassay_mtl.splits import Split
from bioassay_mtl.training import train
from bioassay_mtl.training.cross_validation import cross_validate
from bioassay_mtl.training.ensemble import train_ensemble
from bioassay_mtl.training.session import Session
from bioassay_mtl.training.stacked import fold_parts
from tests.training.conftest import small_config
from tests.training.test_fit import same
from tests.training.test_resume import Killed
from tests.training.test_side_by_side import children

PRINTS = {"morgan": {"kind": "morgan", "n_bits": 256}, "maccs": {"kind": "maccs"}}
GROUPS = [
    {"inputs": ["morgan"], "n": 1, "width": 16},
    {"inputs": ["maccs"], "n": 1, "width": 16},
]


def stacked_config(**changes: Any) -> Any:
    network = {"experts": GROUPS, "gate": {"kind": "stacked", "folds": 3, "method": "mean"}}
    return small_config(**{"fingerprints": PRINTS, "network": network, "epochs": 2, **changes})


@pytest.fixture(scope="module")
def unbroken(small_panel: Panel, tmp_path_factory: pytest.TempPathFactory) -> Model:
    out = tmp_path_factory.mktemp("stacked") / "model"
    model = train(small_panel, stacked_config(), out=out)
    assert same(Model.load(out), model)
    assert not list(out.with_name("model.training").glob("expert-*/config.json"))
    return model


@pytest.mark.soak
def test_members_are_single_runs_on_all_training_rows(small_panel: Panel, unbroken: Model) -> None:
    alone = {"gate": {"kind": "static", "weight_decay": 10.0}, "tower": {"kind": "per_expert"}}
    features = unbroken.featurize(small_panel.structures or ())
    singles = [
        train(small_panel, stacked_config(network={"experts": [group], **alone}))
        for group in GROUPS
    ]
    mean = sum(single.outputs_of(features) for single in singles) / 2
    assert np.allclose(unbroken.outputs_of(features), mean, atol=1e-5, equal_nan=True)
    assert unbroken.training["rows"] == singles[0].training["rows"]
    assert unbroken.in_training(small_panel.structures or ()).sum() > 200
    assert set(unbroken.training["stacked"]["worth"]) == {"experts", "mean", "mixture"}


def test_folds_hold_each_training_row_once_and_no_other(small_panel: Panel) -> None:
    session = Session.of(small_panel, stacked_config())
    splits = list(fold_parts(session, 3))
    held_out = np.concatenate([split.test for split in splits])
    assert sorted(held_out) == sorted(session.parts.train)
    for split in splits:
        assert not set(split.train) & set(split.test)
        assert not set(split.train) & set(session.parts.test)
        assert set(split.valid) == set(session.parts.valid)


def test_duplicates_of_a_molecule_are_in_one_fold(nci_smiles: list[str]) -> None:
    smiles = [*nci_smiles[:60], *nci_smiles[:60]]
    labels = np.tile(np.arange(60) % 2, 2)[:, None]
    panel = Panel.from_arrays(smiles, labels, ["t"])
    session = Session.of(panel, stacked_config(split={"fractions": (1.0, 0.0, 0.0)}))
    for split in fold_parts(session, 4):
        assert {row % 60 for row in split.test}.isdisjoint(row % 60 for row in split.train)


@pytest.mark.parametrize(
    "run_before", [pytest.param(n, marks=pytest.mark.soak) for n in (1, 4, 8)] + [3]
)
def test_resumed_equals_unbroken(
    small_panel: Panel, unbroken: Model, tmp_path: Path, run_before: int
) -> None:
    """Cut off within a fold of the first expert, its last, between experts, and at the end."""
    seen: list[Mapping[str, float]] = []

    def stop(record: Mapping[str, float]) -> None:
        seen.append(record)
        if len(seen) == 2 * run_before - 1:
            raise Killed

    out = tmp_path / "model"
    with pytest.raises(Killed):
        train(small_panel, stacked_config(), out=out, progress=stop)
    assert not out.exists()
    with pytest.raises(ConfigError, match="holds an unfinished run"):
        train(small_panel, stacked_config(), out=out)
    with pytest.raises(ConfigError, match="other settings or other data"):
        train(small_panel, stacked_config(seed=5), out=out, resume=True)
    model = train(small_panel, stacked_config(), out=out, resume=True)
    assert same(model, unbroken)
    assert model.training == unbroken.training
    again = train(small_panel, stacked_config(), out=out, resume=True)
    assert same(again, unbroken)


def test_experts_side_by_side_are_those_in_sequence(
    small_panel: Panel, unbroken: Model, tmp_path: Path
) -> None:
    """Killed amid the folds by what is told, and gone on with."""
    out, config, seen = tmp_path / "model", stacked_config(), list[Mapping[str, Any]]()

    def stop(record: Mapping[str, Any]) -> None:
        seen.append(record)
        assert len(children()) == 2
        if len(seen) == 7:
            raise Killed

    with pytest.raises(Killed):
        train(small_panel, config, out=out, progress=stop, jobs=2)
    assert children() == []
    again = list[Mapping[str, Any]]()
    model = train(small_panel, config, out=out, progress=again.append, resume=True, jobs=2)
    assert same(model, unbroken)
    assert model.training == unbroken.training
    assert {(each["expert"], each["run"]) for each in [*seen, *again]} == set(
        product((1, 2), (1, 2, 3, 4))
    )


def test_an_expert_that_cannot_be_trained_ends_those_beside_it(
    small_panel: Panel, tmp_path: Path
) -> None:
    config = stacked_config(learning_rate=1e30, epochs=3)
    with pytest.raises(TrainingError):
        train(small_panel, config, out=tmp_path / "model", jobs=2)
    assert children() == []
    assert not (tmp_path / "model").exists()


def test_fitted_experts_tell_of_their_end_once(nci_smiles: list[str]) -> None:
    """Side by side as in sequence; with no folder of the user's."""
    labels = np.arange(60)[:, None] % 2
    panel = Panel.from_arrays(nci_smiles[:60], labels, ["t"])
    linear = {"kind": "linear", "inputs": ["maccs"]}
    network = {"kind": "stacked", "members": [linear, linear], "gate": {"folds": 2}}
    config = stacked_config(fingerprints={"maccs": {"kind": "maccs"}}, network=network)
    told: dict[int, list[tuple[int, int]]] = {}
    models = list[Model]()
    for jobs in (1, 2):
        told[jobs] = []

        def tell(record: Mapping[str, Any], to: list[tuple[int, int]] = told[jobs]) -> None:
            to.append((record["expert"], record["run"]))

        models.append(train(panel, config, progress=tell, jobs=jobs))
    assert same(*models)
    assert sorted(told[1]) == sorted(told[2])
    assert len(told[1]) == len(set(told[1])) >= 5


def test_several_jobs_are_refused_for_one_network(small_panel: Panel) -> None:
    with pytest.raises(ConfigError, match="one network is one training"):
        train(small_panel, small_config(), jobs=2)


def test_an_expert_that_no_assay_listens_to_is_not_in_the_model(small_panel: Panel) -> None:
    noise = {"kind": "columns", "names": ["noise"]}
    rng = np.random.default_rng(0)
    noisy = [str(value) for value in rng.normal(size=len(small_panel))]
    panel = small_panel.changed(columns={"noise": noisy})
    groups = [{"inputs": ["maccs"], "n": 1, "width": 32}, {"inputs": ["noise"], "n": 1, "width": 4}]
    network = {"experts": groups, "gate": {"kind": "stacked", "folds": 3, "method": "best"}}
    prints = {"maccs": {"kind": "maccs"}, "noise": noise}
    model = train(panel, stacked_config(fingerprints=prints, network=network, epochs=15))
    assert list(model.featurizer.fingerprints) == ["maccs"]
    assert model.network.connections.tolist() == [[True]] * 3
    worth = model.training["stacked"]["worth"]["experts"]
    scores = [each["binary"]["average_precision"] for each in worth]
    assert scores[0] > scores[1]
    assert model.predict(["CCO"], columns={}).status.tolist() == ["ok"]


def test_values_are_mixed_in_common_units(nci_smiles: list[str], tmp_path: Path) -> None:
    """Classes, values and bounds: the mixture of one expert is that expert."""
    rng = np.random.default_rng(0)
    smiles = nci_smiles[:120]
    size = np.array([len(text) for text in smiles], float)
    labels = np.column_stack([size * 100 + 5000, (size > np.median(size)).astype(float)])
    labels[rng.random(labels.shape) < 0.3] = np.nan
    panel = Panel.from_arrays(smiles, labels, ["size", "large"], kinds=["regression", "binary"])
    network = {"experts": GROUPS[1:], "gate": {"kind": "stacked", "folds": 2, "method": "mean"}}
    settings: dict[str, Any] = {"fingerprints": {"maccs": PRINTS["maccs"]}, "epochs": 10}
    settings |= {"calibrate": False}  # each has its own rows out of sight
    model = train(panel, stacked_config(network=network, **settings), out=tmp_path / "model")
    alone = {"gate": {"kind": "static", "weight_decay": 10.0}, "tower": {"kind": "per_expert"}}
    single = train(panel, stacked_config(network={"experts": GROUPS[1:], **alone}, **settings))
    found, expected = (each.predict(smiles).iloc[:, 1:] for each in (model, single))
    assert np.allclose(found, expected, rtol=1e-4)
    assert 4000 < found["size"].mean() < 12000
    loaded = Model.load(tmp_path / "model")
    assert loaded.predict(smiles).equals(model.predict(smiles))
    worth = model.training["stacked"]["worth"]["mean"]
    assert set(worth) == {"binary", "regression"}
    assert worth["regression"]["rmse"] < 5 * size.std() * 100


def test_too_few_rows_for_folds_weigh_all_experts_alike(caplog: pytest.LogCaptureFixture) -> None:
    panel = Panel.from_arrays(["CCO"], [[1]], ["t"])
    settings = stacked_config(split={"fractions": (1.0, 0.0, 0.0)})
    model = train(panel, settings)
    assert model.network.mixing_weights({}).tolist() == [[[0.5, 0.5]]]
    assert "too few" in caplog.text


@pytest.mark.soak
def test_a_stacked_network_is_a_member_of_ensembles_and_folds(
    small_panel: Panel, tmp_path: Path
) -> None:
    settings = stacked_config(epochs=1)
    joined = train_ensemble(small_panel, settings, 2, out=tmp_path / "ensemble")
    assert joined.network.connections.shape == (3, 4)
    assert same(Model.load(tmp_path / "ensemble"), joined)
    crossed = cross_validate(small_panel, settings, 2)
    assert np.isfinite(crossed.predictions).any()


def test_the_card_and_the_record_are_plain_json(unbroken: Model) -> None:
    assert json.loads(json.dumps(unbroken.training)) == unbroken.training
    assert "stacked" in unbroken.card


def test_experts_are_named_and_their_worth_is_said(unbroken: Model) -> None:
    assert expert_names(unbroken, 2) == ["network on morgan", "network on maccs"]
    assert expert_names(unbroken, 4) == [f"expert {number}" for number in range(4)]
    (line,) = worth(unbroken)
    assert line.startswith("average precision of binary assays in 3 folds: network on morgan 0.")
    assert "weighed for each assay 0." in line


def test_given_features_are_read(small_panel: Panel) -> None:
    session = Session.of(small_panel, stacked_config())
    features: Features = session.features
    none = np.zeros(0, np.int64)
    parts = Split(np.arange(200), none, none, len(small_panel))
    model = train(small_panel, stacked_config(), features=features, parts=parts)
    assert model.training["rows"]["train"] == 200
