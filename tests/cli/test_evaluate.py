"""``evaluate`` looks for the model's assays in tables of every layout, and for nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bioassay_mtl.models.model import Model
from bioassay_mtl.tasks import Binary, Censored, Multiclass, Regression
from tests.cli.conftest import Run
from tests.screening.mixed_model import mixed_model

SMILES = ["CCO", "c1ccccc1O", "CC(=O)Nc1ccc(O)cc1", "CCN(CC)CC", "CCCC", "OCC(O)CO"]
KINDS = (Binary(), Censored(unit="p"), Multiclass(classes=("low", "high")), Regression(unit="nM"))
NAMES = BINARY, POTENCY, CLASSES, RAW = "toxic", "pIC50", "grade", "dose"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    model = mixed_model(KINDS)
    model.tasks = NAMES
    return model.save(tmp_path_factory.mktemp("models") / "mixed")


@pytest.fixture
def evaluated(cli: Run, folder: Path, tmp_path: Path) -> Any:
    """Write a table, evaluate on it, and give what was said and the metrics by task."""

    def run(name: str, table: dict[str, list[Any]], *options: Any) -> tuple[str, dict[str, Any]]:
        path, out = tmp_path / name, tmp_path / "found.json"
        pd.DataFrame(table).to_csv(path, index=False)
        done = cli("evaluate", folder, path, "--out", out, "--bootstrap", 0, *options)
        assert done.code == 0, done.err
        found = json.loads(out.read_text())
        return done.err, {row["task"]: row for row in found["tasks"]}

    return run


def expected_rmse(folder: Path, values: list[float]) -> float:
    said = Model.load(folder).predict(SMILES)[POTENCY].to_numpy()
    return float(np.sqrt(np.mean((said - np.array(values)) ** 2)))


def test_other_numbers_are_no_assays(evaluated: Any) -> None:
    table = {
        "smiles": SMILES,
        BINARY: [1, 0, 1, 0, "", 1],
        "plate": [1, 0, 1, 0, 1, 0],
        "weight": [0.5, 7, 2, 1, 3, "eight"],
    }
    said, found = evaluated("panel.csv", table)
    assert list(found) == [BINARY]
    assert f"{POTENCY}, {CLASSES}, {RAW} (3 of the model's 4 assays)" in said


def test_words_are_outcomes_where_the_model_has_outcomes(evaluated: Any) -> None:
    calls = ["active", "inactive", "active", "", "inactive", "inactive"]
    _, found = evaluated("panel.csv", {"smiles": SMILES, BINARY: calls, "logP": [1.5] * 6})
    assert (found[BINARY]["n_actives"], found[BINARY]["n_inactives"]) == (2, 3)


@pytest.mark.parametrize("name", [POTENCY, f"{POTENCY.removeprefix('p')} (nM)"])
def test_concentrations_are_put_on_the_scale_of_the_model(
    evaluated: Any, folder: Path, name: str
) -> None:
    values = [5.0, 6, 7, 4, 5, 6]
    written = values if name == POTENCY else [10 ** (9 - value) for value in values]
    _, found = evaluated("panel.csv", {"smiles": SMILES, name: written})
    assert found[POTENCY]["rmse"] == pytest.approx(expected_rmse(folder, values), rel=1e-4)


def test_a_long_table(evaluated: Any, folder: Path) -> None:
    values = [5.0, 6, 7, 4, 5, 6]
    table = {
        "canonical": [*SMILES, *SMILES, "CCO"],
        "endpoint": [POTENCY] * 6 + [BINARY] * 6 + ["another"],
        "value": [10 ** (9 - value) for value in values] + [1, 0, 0, 1, 0, 1, 88],
        "unit": ["nM"] * 6 + [""] * 6 + ["%"],
    }
    said, found = evaluated("long.csv", table, "--smiles-column", "canonical")
    assert set(found) == {POTENCY, BINARY}
    assert found[POTENCY]["rmse"] == pytest.approx(expected_rmse(folder, values), rel=1e-4)
    assert found[BINARY]["n_actives"] == 3
    assert f"{CLASSES}, {RAW} (2 of the model's 4 assays)" in said


def test_roles_of_columns_can_be_named(evaluated: Any) -> None:
    table = {"s": SMILES, "what": [BINARY] * 6, "it": [1, 0, 0, 1, 0, 1], "y": [3] * 6}
    roles = ("--column", "smiles=s", "--column", "assay=what", "--column", "value=it")
    _, found = evaluated("long.csv", table, *roles)
    assert list(found) == [BINARY]


def test_a_table_of_pubchem(cli: Run, tmp_path: Path) -> None:
    model = mixed_model((Binary(), Binary()))
    model.tasks = ("AID7", "AID8")
    folder = model.save(tmp_path / "model")
    table = {
        "PUBCHEM_RESULT_TAG": ["RESULT_TYPE", *range(1, 7)],
        "PUBCHEM_CID": ["", *range(10, 16)],
        "PUBCHEM_EXT_DATASOURCE_SMILES": ["", *SMILES],
        "PUBCHEM_ACTIVITY_OUTCOME": ["", *["Active", "Inactive"] * 2, "Inconclusive", "Active"],
    }
    path = tmp_path / "AID_7_datatable.csv"
    pd.DataFrame(table).to_csv(path, index=False)
    out = tmp_path / "found.json"
    done = cli("evaluate", folder, path, "--out", out, "--bootstrap", 0)
    assert done.code == 0, done.err
    (row,) = json.loads(out.read_text())["tasks"]
    assert (row["task"], row["n_actives"], row["n_inactives"]) == ("AID7", 3, 2)
    assert "AID8 (1 of the model's 2 assays)" in done.err


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        ({"other": [1, 0] * 3}, (), "none of the model's 4 assays"),
        ({BINARY: [1, 0, 7, 7, 7, 1]}, (), f"line 4, column '{BINARY}'"),
        ({f"{RAW} (uM)": [1.0, 2] * 3, BINARY: [1, 0] * 3}, (), ""),
        ({CLASSES: ["odd", "high", "odd"] * 2}, (), "one of low, high"),
        (
            {CLASSES: ["low", "high"] * 3},
            ("--task", f"{CLASSES}:ordinal:high,low"),
            "the model predicts",
        ),
        (
            {"IC50": [50, 60] * 3, BINARY: [1, 0] * 3},
            (),
            "write the unit in the header: 'IC50 (nM)'",
        ),
        ({POTENCY: [5, 6] * 3}, ("--task", f"{POTENCY}:none"), "none of the model's"),
        ({"assay": ["a", "b"] * 3, "value": [1, 2] * 3}, (), "assays in column 'assay' need"),
    ],
)
def test_what_does_not_fit_is_named(
    cli: Run, folder: Path, tmp_path: Path, table: dict[str, Any], options: Any, message: str
) -> None:
    path = tmp_path / "panel.csv"
    pd.DataFrame({"smiles": SMILES, **table}).to_csv(path, index=False)
    done = cli("evaluate", folder, path, "--bootstrap", 0, *options)
    assert done.code == (2 if message else 0), done.err
    assert message in done.err


def test_another_unit_is_refused(cli: Run, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "panel.csv"
    cells = [f"{n} uM" for n in range(1, 7)]
    pd.DataFrame({"smiles": SMILES, RAW: cells}).to_csv(path, index=False)
    done = cli("evaluate", folder, path)
    assert done.code == 2
    assert '{"unit": "uM"} here' in done.err
    assert 'predicts regression {"unit": "nM"}' in done.err


def test_values_without_a_unit_are_p_values_where_they_can_be(
    cli: Run, evaluated: Any, folder: Path, tmp_path: Path
) -> None:
    values = [5.0, 6, 7, 4, 5, 6]
    table = {"smiles": SMILES, "assay": [POTENCY] * 6, "value": values}
    said, found = evaluated("long.csv", table)
    assert f"taken as p-values, though only the model or the table says so: {POTENCY}" in said
    assert found[POTENCY]["rmse"] == pytest.approx(expected_rmse(folder, values), rel=1e-4)
    path = tmp_path / "nanomolar.csv"
    table["value"] = [10 ** (9 - value) for value in values]
    pd.DataFrame(table).to_csv(path, index=False)
    done = cli("evaluate", folder, path)
    assert done.code == 2
    assert "10000 is none (give the unit: --task pIC50:censored:nM, or " in done.err
    said, found = evaluated("long.csv", table, "--task", f"{POTENCY}:censored:nM", "--overwrite")
    assert "taken as" not in said
    assert found[POTENCY]["rmse"] == pytest.approx(expected_rmse(folder, values), rel=1e-4)
