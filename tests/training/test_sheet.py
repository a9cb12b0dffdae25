"""A trained model writes its assay sheet by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import bioassay_mtl as bm
from bioassay_mtl.errors import InputError
from bioassay_mtl.models.model import Model
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.training.cross_validation import cross_validate
from bioassay_mtl.training.ensemble import train_ensemble
from bioassay_mtl.training.fit import train
from tests.training.conftest import small_config

ABOUT = {"nitrogen": {"name": "Has nitrogen", "active": "has an N"}}
SPLIT = {"split": {"kind": "random", "fractions": (0.6, 0.1, 0.3)}}


def test_it_has_counts_figures_and_what_users_say(small_panel: Panel, tmp_path: Path) -> None:
    model = train(small_panel, small_config(epochs=15, **SPLIT), out=tmp_path / "m", about=ABOUT)
    sheet = Model.load(tmp_path / "m").beside["assays"]
    assert sheet == model.sheet
    assay = sheet["nitrogen"]
    assert (assay.name, assay.active, assay.target) == ("Has nitrogen", "has an N", "")
    assert assay.counts["active"] == model.label_counts["active"][0]
    row = model.metrics["test"]["tasks"][0]
    figure = assay.score("roc_auc")
    assert figure is not None
    assert figure.value == row["roc_auc"]
    assert assay.held_out is not None
    assert (assay.held_out.rows, assay.held_out.active) == ("test", row["n_actives"])
    assert assay.grade in ("usable", "weak", "do not use")
    assert sheet["aromatic"].name == ""


def test_without_test_rows_there_is_no_grade(small_panel: Panel) -> None:
    split = {"kind": "random", "fractions": (0.8, 0.2, 0.0)}
    model = train(small_panel, small_config(epochs=1, split=split))
    assert {assay.why for assay in model.sheet.assays} == {"no held-out rows"}


def test_unknown_assays_are_named_before_training(small_panel: Panel, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"not the model's: 'nitrogne'.*did you mean 'nitrogen'"):
        train(small_panel, small_config(), out=tmp_path / "m", about={"nitrogne": {"name": "x"}})
    assert not (tmp_path / "m").exists()


def ensemble(panel: Panel, **given: Any) -> Model:
    return train_ensemble(panel, small_config(epochs=2, **SPLIT), members=2, **given)


def by_folds(panel: Panel, **given: Any) -> Model:
    return cross_validate(panel, small_config(epochs=2), n_folds=2, **given).model


def stacked(panel: Panel, **given: Any) -> Model:
    gate = {"kind": "stacked", "folds": 2}
    experts = [{"inputs": ["morgan"], "n": 1, "width": width} for width in (8, 4)]
    config = {
        **small_config(epochs=1, **SPLIT).model_dump(exclude={"network"}),
        "network": {"experts": experts, "gate": gate},
    }
    return bm.train(panel, config, **given)


@pytest.mark.parametrize(
    ("train_so", "rows"), [(ensemble, "test"), (by_folds, "out_of_fold"), (stacked, "test")]
)
def test_models_of_several_networks_have_one(
    small_panel: Panel, tmp_path: Path, train_so: Any, rows: str
) -> None:
    model = train_so(small_panel, out=tmp_path / "m", about=ABOUT)
    sheet = Model.load(tmp_path / "m").beside["assays"]
    assert sheet == model.sheet
    assert sheet["nitrogen"].name == "Has nitrogen"
    assert sheet["nitrogen"].held_out.rows == rows


def test_a_run_that_has_ended_takes_what_is_said_now(small_panel: Panel, tmp_path: Path) -> None:
    config = small_config(epochs=1)
    train(small_panel, config, out=tmp_path / "m")
    weights = (tmp_path / "m" / "model.safetensors").read_bytes()
    again = train(small_panel, config, out=tmp_path / "m", resume=True, about=ABOUT)
    assert again.sheet["nitrogen"].name == "Has nitrogen"
    assert Model.load(tmp_path / "m").sheet == again.sheet
    assert (tmp_path / "m" / "model.safetensors").read_bytes() == weights
