"""A search is repeatable, resumable, and blind to the test rows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bioassay_mtl.errors import ConfigError, MissingExtraError
from bioassay_mtl.models.model import Model
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split
from bioassay_mtl.training import train
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.search_space import given_settings, search_space, with_settings
from bioassay_mtl.training.tuning import train_tuned
from tests.needs import installed
from tests.training.conftest import small_config
from tests.training.test_fit import same
from tests.training.test_resume import Killed

CONFIG = small_config(epochs=3)
PARTS = Split(np.arange(150), np.arange(150, 220), np.arange(220, 299), 300)
TRIALS = 6


@pytest.fixture(scope="module")
def unbroken(small_panel: Panel, tmp_path_factory: pytest.TempPathFactory) -> Model:
    installed("optuna", "tune")
    out = tmp_path_factory.mktemp("tuning") / "model"
    model = train_tuned(small_panel, CONFIG, TRIALS, out=out, parts=PARTS)
    assert Model.load(out).training == model.training
    assert not out.with_name("model.training").joinpath("tuning.jsonl").exists()
    return model


@pytest.mark.soak
def test_the_best_trial_is_trained_again(small_panel: Panel, unbroken: Model) -> None:
    found = unbroken.training["tuning"]
    assert [row["trial"] for row in found["trials"]] == list(range(1, TRIALS + 1))
    best = max((r for r in found["trials"] if r["state"] == "complete"), key=lambda r: r["score"])
    assert found["best"] == best["trial"]
    scores = [row["valid_average_precision"] for row in unbroken.training["history"]]
    assert max(scores) == best["score"]
    chosen = TrainingConfig.of(unbroken.training["config"])
    assert chosen == with_settings(CONFIG, best["settings"])
    assert same(unbroken, train(small_panel, chosen, parts=PARTS))


def test_the_first_trial_is_of_the_given_settings(unbroken: Model) -> None:
    first = unbroken.training["tuning"]["trials"][0]
    assert with_settings(CONFIG, first["settings"]) == CONFIG
    others = unbroken.training["tuning"]["trials"][1:]
    assert all(row["settings"] != first["settings"] for row in others)


@pytest.mark.parametrize("epochs_before", [1, 8])
@pytest.mark.cases(1)
def test_resumed_equals_unbroken(
    small_panel: Panel, unbroken: Model, tmp_path: Path, epochs_before: int
) -> None:
    left = [epochs_before]

    def stop(record: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Killed

    def run(config: TrainingConfig, **more: Any) -> Model:
        return train_tuned(small_panel, config, TRIALS, out=out, parts=PARTS, **more)

    out = tmp_path / "model"
    with pytest.raises(Killed):
        run(CONFIG, progress=stop)
    with pytest.raises(ConfigError, match="unfinished run"):
        run(CONFIG)
    with pytest.raises(ConfigError, match="search with other settings or other data"):
        run(small_config(epochs=4), resume=True)
    resumed = run(CONFIG, resume=True)
    assert resumed.training == unbroken.training
    assert same(resumed, unbroken)


def test_test_rows_have_no_part_in_the_choice(small_panel: Panel, unbroken: Model) -> None:
    labels = small_panel.labels.copy()
    labels[PARTS.test] = np.where(labels[PARTS.test] >= 0, 1 - labels[PARTS.test], -1)
    panel = Panel(small_panel.structures, None, labels, small_panel.tasks, small_panel.ids)
    model = train_tuned(panel, CONFIG, TRIALS, parts=PARTS)
    assert model.training["tuning"] == unbroken.training["tuning"]
    assert same(model, unbroken)


def test_an_ensemble_with_the_best_settings(small_panel: Panel, unbroken: Model) -> None:
    model = train_tuned(small_panel, CONFIG, 2, members=2, parts=PARTS)
    assert len(model.training["members"]) == 2
    assert model.training["tuning"]["trials"] == unbroken.training["tuning"]["trials"][:2]


@pytest.mark.parametrize(
    "network",
    [
        {"kind": "shared_bottom", "bottom": {"inputs": ["morgan"], "width": 32}},
        {"kind": "mmoe", "experts": {"inputs": ["morgan"], "n": 3, "width": 32}},
    ],
)
def test_the_space_of_every_network(network: dict[str, Any]) -> None:
    installed("optuna", "tune")
    config = small_config(network=network)
    space = search_space(config)
    assert set(space) == {"learning_rate", "weight_decay", "dropout", "width"}
    assert with_settings(config, given_settings(config, space)) == config
    changed = with_settings(config, {"width": 8, "dropout": 0.1, "learning_rate": 0.5})
    assert changed.learning_rate == 0.5
    assert TrainingConfig.of(changed.model_dump(mode="json")) == changed
    assert "width" not in search_space(config.model_copy(update={"start_from": "pcba128"}))


def test_experts_of_another_dropout_keep_it() -> None:
    """What an MLP drops is too much for a graph network."""
    installed("optuna", "tune")
    config = small_config(
        fingerprints={"morgan": {"kind": "morgan"}, "graph": {"kind": "graph"}},
        network={
            "experts": [
                {"inputs": ["morgan"], "width": 32, "dropout": 0.4},
                {"kind": "gine", "inputs": ["graph"], "width": 32, "dropout": 0.1},
            ]
        },
    )
    assert with_settings(config, given_settings(config, search_space(config))) == config
    changed = with_settings(config, {"width": 8, "dropout": 0.6}).model_dump()
    experts = changed["network"]["experts"]
    assert [(group["width"], group["dropout"]) for group in experts] == [(8, 0.6), (8, 0.1)]


def test_without_validation_rows_nothing_is_searched(small_panel: Panel) -> None:
    installed("optuna", "tune")
    parts = Split(PARTS.train, PARTS.valid[:0], PARTS.test, 300)
    with pytest.raises(ConfigError, match="needs validation rows"):
        train_tuned(small_panel, CONFIG, 2, parts=parts)


def test_optuna_is_an_extra(small_panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'bioassay-mtl\[tune\]'"):
        train_tuned(small_panel, CONFIG, 2)
