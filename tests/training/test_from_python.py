"""What `import bioassay_mtl` offers is what the parts of the package do."""

from __future__ import annotations

import pytest

import bioassay_mtl as bm
from bioassay_mtl.models.model import Model
from bioassay_mtl.training.ensemble import train_ensemble
from bioassay_mtl.training.tuning import train_tuned
from tests.needs import installed
from tests.training.conftest import small_config
from tests.training.test_fit import same


def test_an_ensemble(small_panel: bm.Panel) -> None:
    model = bm.train_ensemble(small_panel, small_config(epochs=1), 2)
    assert isinstance(model, Model)
    assert len(model.training["members"]) == 2
    assert same(model, train_ensemble(small_panel, small_config(epochs=1), 2))


def test_a_search(small_panel: bm.Panel) -> None:
    installed("optuna", "tune")
    model = bm.tune(small_panel, small_config(epochs=1), trials=2)
    assert [row["trial"] for row in model.training["tuning"]["trials"]] == [1, 2]
    assert same(model, train_tuned(small_panel, small_config(epochs=1), 2))


def test_an_evaluation_tells_of_molecules_of_the_training(
    small_panel: bm.Panel, caplog: pytest.LogCaptureFixture
) -> None:
    model = bm.train(small_panel, small_config(epochs=1))
    n = sum(model.training["rows"][part] for part in ("train", "valid"))
    model.evaluate(small_panel, n_bootstrap=0)
    assert f"{n} rows of the panel are molecules that the model was trained on" in caplog.text
    caplog.clear()
    others = bm.Panel.from_arrays(["CCN(C)C(=S)S", "FC(F)(F)CBr"], [1, 0], ["nitrogen"])
    model.evaluate(others, n_bootstrap=0)
    assert not caplog.records
