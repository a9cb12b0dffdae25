"""Every example runs as a reader would run it."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from tests.needs import extra, installed

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
PANEL = ROOT / "datasets" / "example_panel.csv"
MIXED = ROOT / "datasets" / "example_mixed_panel.csv"


Run = Callable[..., str]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Output of one example, in this process; a warning is an error."""
    monkeypatch.setenv("MPLBACKEND", "agg")

    def run(program: Path, *arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", [str(program), *map(str, arguments)])
        capsys.readouterr()
        runpy.run_path(str(program), run_name="__main__")
        return capsys.readouterr().out

    return run


def first_rows(path: Path, n: int, out: Path) -> Path:
    """A copy of a table, with its first rows alone."""
    with path.open(encoding="utf-8") as lines:
        out.write_text("".join(islice(lines, n + 1)), encoding="utf-8")
    return out


def test_custom_panel_then_screen(tmp_path: Path, run: Run) -> None:
    folder = tmp_path / "model"
    trained = run(EXAMPLES / "custom_panel.py", PANEL, folder)
    assert "Panel(200 molecules x 6 assays" in trained
    assert "held-out molecules, binary assays: {'average_precision': 0." in trained
    screened = run(EXAMPLES / "screen.py", folder)
    assert "['ok', 'ok', 'invalid_smiles']" in screened
    assert screened.count("x the usual") == 2


@pytest.mark.soak
def test_custom_panel_of_mixed_kinds(tmp_path: Path, run: Run) -> None:
    trained = run(EXAMPLES / "custom_panel.py", MIXED, tmp_path / "model")
    assert "Panel(200 molecules x 5 assays" in trained
    for kind in ("censored", "ordinal", "multiclass", "regression", "binary"):
        assert f"held-out molecules, {kind} assays: {{" in trained
    for column in ("pIC50-synthetic ", "synthetic-permeability[low]", "synthetic-rings[hetero]"):
        assert column in trained


@pytest.mark.soak
def test_scikit_learn(tmp_path: Path, run: Run) -> None:
    panel = first_rows(PANEL, 120, tmp_path / "panel.csv")
    lines = run(EXAMPLES / "scikit_learn.py", panel).splitlines()
    assert [line.split()[0] for line in lines] == ["5", "20", "best:", "forest,"]


@pytest.mark.soak
def test_pytorch_geometric(run: Run) -> None:
    extra("torch_geometric.loader", "graphs")
    lines = run(EXAMPLES / "pytorch_geometric.py", PANEL).splitlines()
    losses = [float(line.split()[-1]) for line in lines if line.startswith("epoch")]
    assert losses[-1] < 0.8 * losses[0]
    assert sum(line.startswith("ROC-AUC") for line in lines) == 6


@pytest.mark.soak
def test_deepchem_model() -> None:
    """In a process of its own: DeepChem warns of all that is not installed beside it."""
    installed("deepchem", "deepchem")
    command = [sys.executable, str(EXAMPLES / "deepchem_model.py"), str(PANEL)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    theirs, ours, end = done.stdout.splitlines()
    assert theirs.startswith("MultitaskClassifier {'roc_auc_score': 0.")
    assert ours.startswith("MMoEExModel {'roc_auc_score': 0.")
    assert "predictions: (50, 6, 2)" in end


def test_inspect_gates(tmp_path: Path, run: Run) -> None:
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
        "pytorch_geometric.py",
        "scikit_learn.py",
        "screen.py",
    }
