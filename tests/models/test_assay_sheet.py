"""The assay sheet: made of what a model knows, kept in its folder, empty where nothing is known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bioassay_mtl.errors import ModelFolderError
from bioassay_mtl.models.assay_sheet import AssaySheet, Described
from bioassay_mtl.models.folder import amend_folder
from bioassay_mtl.models.join import join
from bioassay_mtl.models.loading import PendingModel
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.sheet_making import sheet_of
from tests.models.test_folder import model  # noqa: F401 (a fixture)
from tests.models.test_odd_folders import sign

ROWS = {
    "n_molecules": 100,
    "tasks": [
        {"task": "first", "n_actives": 40, "n_inactives": 60, "roc_auc": 0.97}
        | {"average_precision": 0.95},
        {"task": "second", "n_actives": 20, "n_inactives": 80, "roc_auc": 0.5}
        | {"average_precision": 0.2},
        {"task": "third", "n_actives": 0, "n_inactives": 30, "roc_auc": None}
        | {"average_precision": None},
    ],
}


def test_it_holds_counts_figures_and_grades(model: Model) -> None:  # noqa: F811
    sheet = sheet_of(model, {"valid": ROWS, "test": ROWS})
    first, second, third = sheet.assays
    assert (first.grade, second.grade, third.grade) == ("usable", "do not use", None)
    assert first.counts == {"active": 1, "inactive": 9, "measured": 10}
    assert first.target == "A"
    assert first.held_out is not None
    assert (first.held_out.rows, first.held_out.measured, first.held_out.active) == (
        "test",
        100,
        40,
    )
    auc = first.score("roc_auc")
    assert auc is not None
    assert auc.low < auc.value == 0.97 < auc.high
    assert third.why == "held-out rows lack an active or an inactive"


def test_rows_that_chose_the_epoch_give_no_grade(model: Model) -> None:  # noqa: F811
    for metrics in ({"valid": ROWS, "test": None}, {}):
        sheet = sheet_of(model, metrics)
        assert not sheet.is_graded
        assert {assay.why for assay in sheet.assays} == {"no held-out rows"}


def test_figures_are_of_the_part_of_most_molecules(model: Model) -> None:  # noqa: F811
    small = ROWS | {"n_molecules": 10}
    held = sheet_of(model, {"scaffold": small, "random": ROWS})["first"].held_out
    assert held is not None
    assert held.rows == "random"


def test_it_is_kept_in_the_folder(model: Model, tmp_path: Path) -> None:  # noqa: F811
    facts = {"second": Described(name="Assay two", gene="EGFR", link="https://example.org/2")}
    model.beside["assays"] = sheet_of(model, {"test": ROWS}, facts)
    folder = model.save(tmp_path / "model")
    for loaded in (Model.load(folder), PendingModel(folder)):
        assert loaded.sheet == model.sheet
        assert loaded.sheet["second"].name == "Assay two"
    assert {"assays.json"} <= {path.name for path in folder.iterdir()}
    assert json.loads((folder / "assays.json").read_text())["assays"][1]["gene"] == "EGFR"


def test_a_model_without_one_tells_what_it_knows(model: Model, tmp_path: Path) -> None:  # noqa: F811
    model.metrics = {"test": ROWS}
    loaded = Model.load(model.save(tmp_path / "model"))
    assert "assays" not in loaded.beside
    assert loaded.sheet["first"].grade == "usable"
    assert loaded.sheet["first"].target == "A"


def test_what_else_is_known_is_added_and_nothing_is_lost(model: Model) -> None:  # noqa: F811
    sheet = sheet_of(model, {"test": ROWS})
    changed = sheet.described({"first": Described(name="One", target="")})
    assert (changed["first"].name, changed["first"].target) == ("One", "A")
    assert changed["first"].held_out == sheet["first"].held_out
    assert changed["second"] == sheet["second"]


def test_a_sheet_of_other_assays_is_refused(model: Model, tmp_path: Path) -> None:  # noqa: F811
    folder = model.save(tmp_path / "model")
    amend_folder(folder, {"assays": sheet_of(model)})
    path = folder / "assays.json"
    text = path.read_text()
    for odd in (text.replace("second", "fifth"), "{", "[]", '{"assays": [{}]}'):
        path.write_text(odd)
        sign(folder, json.loads((folder / "config.json").read_text()))
        with pytest.raises(ModelFolderError, match=r"assays\.json"):
            Model.load(folder)
    newer = json.loads(text)
    newer["assays"][0]["color"] = "blue"
    path.write_text(json.dumps(newer))
    sign(folder, json.loads((folder / "config.json").read_text()))
    assert isinstance(Model.load(folder).beside["assays"], AssaySheet)


def test_a_joined_model_has_not_been_measured(model: Model) -> None:  # noqa: F811
    model.beside["assays"] = sheet_of(model, {"test": ROWS})
    assert "assays" not in join([model, model]).beside
