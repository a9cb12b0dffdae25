"""``screen --confidence``, ``--select`` and ``--raw`` as a user meets them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from bioassay_mtl.models.model import Model
from tests.cli.conftest import Run
from tests.screening.test_confidence import sure  # noqa: F401
from tests.screening.tiny_model import TASKS


@pytest.fixture
def folder(sure: Model, tmp_path: Path) -> Path:  # noqa: F811
    return sure.save(tmp_path / "sure")


@pytest.fixture
def library(nci_smiles: list[str], tmp_path: Path) -> Path:
    path = tmp_path / "library.smi"
    path.write_text("".join(f"{smiles} {at}\n" for at, smiles in enumerate(nci_smiles[:60])))
    return path


def lines(path: Path) -> list[list[str]]:
    return list(csv.reader(path.read_text().splitlines()))


def header(path: Path) -> list[str]:
    return lines(path)[0]


def test_confidence_stands_beside(cli: Run, library: Path, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    asked = ("--confidence", "--assays", TASKS[0])
    assert cli("screen", library, "-o", out, "--model", folder, *asked).code == 0
    assert header(out)[-4:] == [TASKS[0], *(f"{TASKS[0]}:{w}" for w in ("spread", "low", "high"))]


def test_raw_is_another_table(cli: Run, library: Path, folder: Path, tmp_path: Path) -> None:
    for name, asked in (("said.csv", ()), ("raw.csv", ("--raw",))):
        assert cli("screen", library, "-o", tmp_path / name, "--model", folder, *asked).code == 0
    assert (tmp_path / "said.csv").read_bytes() != (tmp_path / "raw.csv").read_bytes()


def test_what_a_selection_promises_is_said(
    cli: Run, library: Path, folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.csv"
    done = cli("screen", library, "-o", out, "--model", folder, "--select", "0.4")
    assert done.code == 0
    n = len(lines(out)) - 1
    assert f"{n} hit" in done.err
    assert "at most 40% are inactive" in done.err
    assert header(out)[:3] == ["assay", "rank", "row"]
    assert header(out)[-1] == "p_value"


def test_a_model_without_evidence_selects_nothing(
    cli: Run, library: Path, model_folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.csv"
    done = cli("screen", library, "-o", out, "--model", model_folder, "--select", "0.1")
    assert done.code != 0
    assert "none can be selected with an error rate" in done.err
    assert not out.exists()


def test_info_says_what_probabilities_are(cli: Run, folder: Path, model_folder: Path) -> None:
    said = " ".join(cli("info", folder).out.split())
    assert "calibrated (out of fold): log loss 0.3000 before, 0.2000 after" in said
    assert "as the network gives them" in " ".join(cli("info", model_folder).out.split())
