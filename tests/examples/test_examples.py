"""Every example runs as a reader would run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.needs import installed

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
PANEL = ROOT / "datasets" / "example_panel.csv"
MIXED = ROOT / "datasets" / "example_mixed_panel.csv"


def run(*arguments: object) -> str:
    """Output of one example; a warning is an error."""
    command = [sys.executable, "-W", "error", *map(str, arguments)]
    environment = {**os.environ, "MPLBACKEND": "agg"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_custom_panel_then_screen(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    trained = run(EXAMPLES / "custom_panel.py", PANEL, folder)
    assert "Panel(200 molecules x 6 assays" in trained
    assert "held-out molecules, binary assays: {'average_precision': 0." in trained
    screened = run(EXAMPLES / "screen.py", folder)
    assert "['ok', 'ok', 'invalid_smiles']" in screened
    assert screened.count("x the usual") == 2


def test_custom_panel_of_mixed_kinds(tmp_path: Path) -> None:
    trained = run(EXAMPLES / "custom_panel.py", MIXED, tmp_path / "model")
    assert "Panel(200 molecules x 5 assays" in trained
    for kind in ("censored", "ordinal", "multiclass", "regression", "binary"):
        assert f"held-out molecules, {kind} assays: {{" in trained
    for column in ("pIC50-synthetic ", "synthetic-permeability[low]", "synthetic-rings[hetero]"):
        assert column in trained


def test_scikit_learn() -> None:
    lines = run(EXAMPLES / "scikit_learn.py", PANEL).splitlines()
    assert [line.split()[0] for line in lines] == ["5", "20", "best:", "forest,"]


def test_deepchem_model() -> None:
    installed("deepchem", "deepchem")
    theirs, ours, end = run("-W", "default", EXAMPLES / "deepchem_model.py", PANEL).splitlines()
    assert theirs.startswith("MultitaskClassifier {'roc_auc_score': 0.")
    assert ours.startswith("MMoEExModel {'roc_auc_score': 0.")
    assert "predictions: (50, 6, 2)" in end


def test_inspect_gates(tmp_path: Path) -> None:
    installed("matplotlib", "plots")
    cells = json.loads((EXAMPLES / "inspect_gates.ipynb").read_text())["cells"]
    program = tmp_path / "cells.py"
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    program.write_text("\n".join(code))
    assert "mean diversity 0." in run(program)


def test_there_is_no_other_example() -> None:
    found = {path.name for path in EXAMPLES.iterdir() if path.is_file()}
    assert found == {
        "custom_panel.py",
        "deepchem_model.py",
        "inspect_gates.ipynb",
        "onnx_runtime.py",
        "scikit_learn.py",
        "screen.py",
    }
