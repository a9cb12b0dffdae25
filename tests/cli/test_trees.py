"""Trees on the command line: trained, told of, screened with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.needs import installed

installed("xgboost", "trees")

INPUTS = "inputs={morgan: {kind: morgan, n_bits: 128}}"
SETTINGS = (INPUTS, "network.inputs=[morgan]", "network.n_trees=5")


@pytest.mark.parametrize("kind", ["forest", "boosted_trees"])
@pytest.mark.cases(1)
def test_from_a_panel_to_a_screen(
    kind: str, nci_smiles: list[str], tmp_path: Path, cli: Run
) -> None:
    panel, out, hits = tmp_path / "panel.csv", tmp_path / "model", tmp_path / "hits.csv"
    rows = [f"{smiles},{int('N' in smiles)}" for smiles in dict.fromkeys(nci_smiles[:120])]
    panel.write_text("\n".join(["smiles,nitrogen", *rows]) + "\n")
    options = [w for each in (f"network.kind={kind}", *SETTINGS) for w in ("--set", each)]
    trained = cli("train", panel, "--out", out, "--workers", 1, *options)
    assert trained.code == 0, trained.err
    assert "at most: trees" in trained.err
    assert "epoch" not in trained.err
    assert (out / "report.html").is_file()
    told = cli("info", out)
    assert f"({kind}, " in told.out
    assert cli("evaluate", out, panel).code == 0
    screened = cli("screen", panel, "--model", out, "-o", hits)
    assert screened.code == 0, screened.err
    assert len(hits.read_text().splitlines()) == len(rows) + 1


def test_settings_of_steps_are_refused(tmp_path: Path, cli: Run) -> None:
    panel = tmp_path / "panel.csv"
    panel.write_text("smiles,a\nCCO,1\nCCN,0\n")
    wanted = ("network.kind=forest", *SETTINGS, "epochs=5")
    options = [word for each in wanted for word in ("--set", each)]
    done = cli("train", panel, "--out", tmp_path / "model", *options)
    assert done.code == 2
    assert "epochs cannot be obeyed" in done.err
