"""An ensemble is its members, joined; resumed or not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.models.join import join
from bioassay_mtl.models.model import Model
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.training import train
from bioassay_mtl.training.ensemble import train_ensemble
from tests.training.conftest import small_config
from tests.training.test_fit import same
from tests.training.test_resume import Killed

CONFIG = small_config(epochs=2)


@pytest.fixture(scope="module")
def unbroken(small_panel: Panel, tmp_path_factory: pytest.TempPathFactory) -> Model:
    out = tmp_path_factory.mktemp("ensemble") / "model"
    model = train_ensemble(small_panel, CONFIG, 2, out=out)
    assert same(Model.load(out), model)
    assert not list(out.with_name("model.training").glob("member-*/config.json"))
    return model


@pytest.mark.soak
def test_members_are_single_runs_of_consecutive_seeds(small_panel: Panel, unbroken: Model) -> None:
    single = [train(small_panel, small_config(epochs=2, seed=seed)) for seed in (0, 1)]
    assert same(unbroken, join(single))
    for member, model in zip(unbroken.training["members"], single, strict=True):
        assert member["history"] == model.training["history"]
        assert member["seed"] == model.training["config"]["seed"]
    assert unbroken.training["rows"] == single[0].training["rows"]
    logits = [model.network.tower.bias for model in single]
    assert not np.array_equal(logits[0].detach(), logits[1].detach())
    assert unbroken.metrics["test"] != single[0].metrics["test"]
    assert "4 experts" in unbroken.card


@pytest.mark.parametrize("epochs_before", [1, 3])
@pytest.mark.cases(1)
def test_resumed_equals_unbroken(
    small_panel: Panel, unbroken: Model, tmp_path: Path, epochs_before: int
) -> None:
    """Cut off within the first member, and within the second."""
    seen: list[tuple[float, float]] = []

    def stop(record: Mapping[str, float]) -> None:
        seen.append((record["member"], record["epoch"]))
        if len(seen) == epochs_before:
            raise Killed

    out = tmp_path / "model"
    with pytest.raises(Killed):
        train_ensemble(small_panel, CONFIG, 2, out=out, progress=stop)
    assert not out.exists()
    with pytest.raises(ConfigError, match="unfinished run"):
        train_ensemble(small_panel, CONFIG, 2, out=out)
    with pytest.raises(ConfigError, match="other settings or other data"):
        train_ensemble(small_panel, small_config(epochs=3), 2, out=out, resume=True)
    resumed = train_ensemble(small_panel, CONFIG, 2, out=out, resume=True, progress=stop)
    assert seen == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert same(resumed, unbroken)
    assert resumed.training == unbroken.training
    assert resumed.metrics == unbroken.metrics
    assert json.loads((out / "metrics.json").read_text()) == unbroken.metrics


def test_one_member_is_no_ensemble(small_panel: Panel) -> None:
    with pytest.raises(ConfigError, match="2 members or more, found 1"):
        train_ensemble(small_panel, CONFIG, 1)


def test_what_was_begun_and_not_asked_for_is_removed(
    small_panel: Panel, unbroken: Model, tmp_path: Path
) -> None:
    """Where other settings are trained next, it would be taken for theirs."""

    def stop(record: Mapping[str, float]) -> None:
        if (record["member"], record["epoch"]) == (4, 1):
            raise Killed

    out = tmp_path / "model"
    with pytest.raises(Killed):
        train_ensemble(small_panel, CONFIG, 4, out=out, progress=stop)
    assert same(train_ensemble(small_panel, CONFIG, 2, out=out, resume=True), unbroken)
    scratch = tmp_path / "model.training"
    assert {path.suffix for path in scratch.iterdir()} == {".training"}
    assert not list(scratch.rglob("*.safetensors"))
