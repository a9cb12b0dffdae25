"""Pages that ``train``, ``evaluate`` and ``screen`` write."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bioassay_mtl.models.model import Model
from tests.cli.conftest import Run

SETTINGS = """
fingerprints: {ecfp: {kind: morgan, n_bits: 256}}
network: {kind: mmoeex, experts: [{inputs: [ecfp], n: 2, width: 16}]}
epochs: 1
"""


@pytest.fixture
def panel(tmp_path: Path, nci_smiles: list[str]) -> Path:
    path = tmp_path / "panel.csv"
    rows = [f"{s},{int('N' in s)},{int('O' in s)}" for s in nci_smiles[:80]]
    path.write_text("\n".join(["smiles,PCBA-1,PCBA-2", *rows]) + "\n")
    return path


def test_train_writes_a_page_beside_a_model_that_still_loads(
    cli: Run, panel: Path, tmp_path: Path
) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text(SETTINGS)
    done = cli("train", panel, "--out", tmp_path / "mine", "--config", settings)
    assert done.code == 0, done.err
    page = (tmp_path / "mine" / "report.html").read_text()
    assert "held-out test molecules" in page
    assert Model.load(tmp_path / "mine").tasks == ("PCBA-1", "PCBA-2")


def test_evaluate_writes_a_page_of_its_own_figures(
    cli: Run, panel: Path, model_folder: Path, tmp_path: Path
) -> None:
    page, figures = tmp_path / "page.html", tmp_path / "figures.json"
    arguments = ("evaluate", model_folder, panel, "--report", page, "--bootstrap", 10)
    assert cli(*arguments, "--out", figures).code == 0
    macro = json.loads(figures.read_text())["macro"]
    assert f"{macro['roc_auc']:.3f}" in page.read_text()
    again = cli(*arguments)
    assert again.code == 2
    assert "exists already" in again.err


def test_evaluate_without_an_active_says_that_nothing_is_known(
    cli: Run, model_folder: Path, tmp_path: Path
) -> None:
    panel = tmp_path / "panel.csv"
    panel.write_text("smiles,PCBA-1\nCCO,0\nCCN,0\n")
    done = cli("evaluate", model_folder, panel)
    assert done.code == 0
    assert "without an active or an inactive: PCBA-1" in done.out
    assert "nan" not in done.out


def test_screen_writes_a_page(cli: Run, panel: Path, model_folder: Path, tmp_path: Path) -> None:
    page, out = tmp_path / "page.html", tmp_path / "out.csv"
    arguments = ("screen", panel, "-o", out, "--model", model_folder, "--report")
    refused = cli(*arguments, out)
    assert (refused.code, out.exists()) == (2, False)
    assert "different files" in refused.err
    assert cli(*arguments, page).code == 0
    assert "80 records" in page.read_text()
    assert out.exists()
