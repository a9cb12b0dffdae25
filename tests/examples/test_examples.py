"""Every example runs as a reader would run it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(script: str, *arguments: object) -> str:
    """Output of one example."""
    command = [sys.executable, "-W", "error", ROOT / "examples" / script, *arguments]
    return subprocess.run(
        [str(part) for part in command], check=True, capture_output=True, text=True
    ).stdout


def test_train_then_screen(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    trained = run("train.py", ROOT / "datasets" / "example_panel.csv", folder)
    assert "Panel(200 molecules x 6 assays" in trained
    assert "held-out molecules: ROC-AUC 0." in trained
    screened = run("screen.py", folder)
    assert "['ok', 'ok', 'invalid_smiles']" in screened
    assert screened.count("x the usual") == 2
