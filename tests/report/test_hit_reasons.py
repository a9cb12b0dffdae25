"""Colors of atoms on the cards of hits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bioassay_mtl.report import hit_reasons, screen_report, screen_tally
from bioassay_mtl.screening.options import ScreenOptions
from bioassay_mtl.screening.pipeline import screen
from bioassay_mtl.tasks import Censored, Regression
from tests.cli.conftest import Run
from tests.report.test_screen_report import nci_screen
from tests.screening.mixed_model import mixed_model
from tests.screening.tiny_model import tiny_model


def test_each_new_hit_is_explained_in_its_own_assay(nci_smiles: list[str], tmp_path: Path) -> None:
    summary, tally = nci_screen(nci_smiles[:60], tmp_path)
    model = tiny_model()
    found = hit_reasons(model, tally, ScreenOptions())
    hits = [hit for hit, _ in tally.hits(known=False)]
    assert [*found] == [(hit.row, hit.assay) for hit in hits]
    for hit in hits:
        (expected,) = model.explain([hit.smiles], hit.assay)
        assert expected is not None
        np.testing.assert_array_equal(found[hit.row, hit.assay].atoms, expected.atoms)
        log_odds = np.log(hit.probability / (1 - hit.probability))
        assert found[hit.row, hit.assay].value == pytest.approx(log_odds, abs=1e-3)
    page, plain = screen_report(summary, tally, found), screen_report(summary, tally)
    assert page.count('<svg class="reasons molecule"') == len(hits)
    assert "Orange atoms raise" in page
    assert f"colors of atoms: {hits[0].assay}" in page
    assert "Orange atoms raise" not in plain
    assert 'class="reasons' not in plain.split("<main")[1]


def test_the_best_values_are_explained(tmp_path: Path) -> None:
    source = tmp_path / "in.smi"
    source.write_text("CCO\nc1ccccc1O\nCCN\n")
    model, settings = mixed_model((Regression(), Censored())), ScreenOptions(workers=1)
    tally = screen_tally(model, settings)
    summary = screen([source], model, tmp_path / "out.csv", settings, watch=[tally.add])
    found = hit_reasons(model, tally, settings)
    assert {*found} == {(row, task) for row in (1, 2, 3) for task in model.tasks}
    assert screen_report(summary, tally, found).count('<svg class="reasons molecule"') == 6


def test_a_screen_that_standardizes_explains_what_it_predicted(tmp_path: Path) -> None:
    settings = ScreenOptions.of({"workers": 1, "standardize": True})
    _, tally = nci_screen(["CC(=O)Nc1ccc(O)cc1.Cl", "NCCc1ccccc1.[Na+]"], tmp_path)
    found = hit_reasons(tiny_model(), tally, settings)
    assert found
    assert all("." not in each.smiles for each in found.values())


def test_colors_can_be_left_out(cli: Run, tmp_path: Path, nci_smiles: list[str]) -> None:
    source, page = tmp_path / "in.smi", tmp_path / "page.html"
    source.write_text("\n".join(nci_smiles[:20]))
    folder = tiny_model().save(tmp_path / "tiny")
    for option, colored in (("--reasons", True), ("--no-reasons", False)):
        given = ("-o", tmp_path / "o.csv", "--report", page, "--overwrite", option)
        assert cli("screen", source, "--model", folder, *given).code == 0
        assert ('<svg class="reasons molecule"' in page.read_text()) is colored
