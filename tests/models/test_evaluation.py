"""``model.evaluate``: the metrics that the command line prints."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import bioassay_mtl as bm
from bioassay_mtl.errors import ConfigError, InputError
from bioassay_mtl.metrics import evaluate
from bioassay_mtl.tasks.kinds import Binary, Multiclass, Regression
from tests.models.test_join import MORGAN, member

DATASETS = Path(__file__).resolve().parents[2] / "datasets"


@pytest.mark.soak
def test_as_the_command_line(tmp_path: Path, nci_smiles: list[str]) -> None:
    model = member(MORGAN, 1)
    folder = model.save(tmp_path / "model")
    rng = np.random.default_rng(0)
    labels = rng.integers(-1, 2, (60, 2))
    path = tmp_path / "panel.csv"
    lines = [
        f"{smiles},{a if a >= 0 else ''},{b if b >= 0 else ''},{a % 2}"
        for smiles, (a, b) in zip(nci_smiles[:60], labels, strict=True)
    ]
    path.write_text("\n".join(["smiles,third,first,other", *lines, "no molecule,1,1,1"]))
    command = ["evaluate", str(folder), str(path), "--out", "-", "--workers", "1"]
    done = subprocess.run(
        [sys.executable, "-m", "bioassay_mtl", *command], capture_output=True, text=True, check=True
    )
    told = json.loads(done.stdout)
    panel = bm.read_panel(path)
    found = model.evaluate(panel)
    assert found.tasks == ("first", "third")
    assert found.n_molecules == told["n_molecules"] <= 60
    assert told["left_out"] == len(panel) - found.n_molecules
    assert {key: told[key] for key in found.to_json()} == found.to_json()


def test_values_are_those_of_the_measured_cells(
    nci_smiles: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    model, smiles = member(MORGAN, 1), ["no molecule", *nci_smiles[:40]]
    labels = np.random.default_rng(1).integers(-1, 2, (41, 3))
    panel = bm.Panel.from_arrays(smiles, labels, ["x", "third", "first"])
    found = model.evaluate(panel, n_bootstrap=0)
    predicted = model.predict(smiles)
    ok = (predicted["status"] == "ok").to_numpy()
    expected = evaluate(
        labels[ok][:, [2, 1]], predicted.loc[ok, ["first", "third"]].to_numpy(), ["first", "third"]
    )
    assert found.tasks == ("first", "third")
    assert found.intervals is None
    for name, values in expected.values.items():
        np.testing.assert_array_equal(found.values[name], values)
    assert "not evaluated: " in caplog.text


def test_features_in_the_place_of_structures(nci_smiles: list[str]) -> None:
    model = member(MORGAN, 1)
    block = model.featurize(nci_smiles[:30]).blocks["morgan"]
    labels = np.random.default_rng(0).integers(0, 2, (30, 3))
    tasks = ["first", "second", "third"]
    by_block = bm.Panel.from_arrays({"morgan": block}, labels, tasks)
    found = model.evaluate(by_block, n_bootstrap=0).macro
    assert found["roc_auc"] == pytest.approx(
        model.evaluate(bm.Panel.from_arrays(nci_smiles[:30], labels, tasks)).macro["roc_auc"]
    )


def test_what_means_something_else_is_refused(nci_smiles: list[str]) -> None:
    kinds = (Binary(), Multiclass(classes=("a", "b", "c")), Regression(unit="p"))
    model, smiles = member(MORGAN, 1, kinds=kinds), nci_smiles[:4]

    def panel(task: str, values: list[float], kind: object) -> bm.Panel:
        return bm.Panel.from_arrays(smiles, values, [task], kinds=[kind])  # type: ignore[list-item]

    for other, message in (
        (panel("other", [0, 1, 0, 1], "binary"), "none of the model's 3 assays, such as 'first'"),
        (panel("first", [0.5, 1, 2, 3], "regression"), "'first' is .*regression.* here"),
        (panel("second", [0, 1, 0, 1], Multiclass(classes=("b", "a"))), "'second' is .*b.*a"),
        (panel("third", [1, 2, 3, 4], Regression(unit="nM")), "'third' is .*nM.*predicts"),
        (panel("third", [1, 2, 300, 4], Regression()), "p-values of 'third', and 300 is none"),
    ):
        with pytest.raises(InputError, match=message):
            model.evaluate(other)
    found = model.evaluate(panel("third", [5, 6, 7, 8], Regression()), n_bootstrap=0)
    assert found.n_measured.tolist() == [4]
    with pytest.raises(InputError, match="no molecule of the panel can be read"):
        member(MORGAN, 1).evaluate(bm.Panel.from_arrays(["?", "!"], [0, 1], ["first"]))


@pytest.mark.parametrize("found", ["panel.csv", pd.DataFrame({"smiles": ["CCO"]})])
def test_what_is_no_panel_is_refused(found: Any) -> None:
    model = member(MORGAN, 1)
    with pytest.raises(ConfigError, match=f"found {type(found).__name__}: read_panel"):
        model.evaluate(found)
