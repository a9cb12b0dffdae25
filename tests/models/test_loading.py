"""A model that loads when it is told to, or needed."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from bioassay_mtl.models.loading import PendingModel
from bioassay_mtl.models.model import Model
from tests.screening.tiny_model import tiny_model


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[threading.Thread]:
    """Threads in which models were loaded."""
    found: list[threading.Thread] = []
    load = Model.load

    def noted(folder: Path, device: str = "cpu") -> Model:
        found.append(threading.current_thread())
        return load(folder, device=device)

    monkeypatch.setattr(Model, "load", noted)
    return found


@pytest.mark.parametrize("at_once", [True, False])
def test_a_model_loads_once_in_the_background(
    at_once: bool, tmp_path: Path, loads: list[threading.Thread]
) -> None:
    folder = tiny_model().save(tmp_path / "tiny")
    pending = PendingModel(folder, at_once=at_once)
    if not at_once:
        assert loads == []
    for _ in range(2):
        pending.prepare()
        assert pending.loaded().name == pending.name
    assert len(loads) == 1
    assert threading.current_thread() not in loads


def test_a_model_that_nobody_prepared_loads_when_it_is_asked(
    tmp_path: Path, loads: list[threading.Thread]
) -> None:
    model = tiny_model()
    pending = PendingModel(model.save(tmp_path / "tiny"), at_once=False)
    features = model.featurizer(["CCO"])
    assert (pending.predict_features(features) == model.predict_features(features)).all()
    assert len(loads) == 1
