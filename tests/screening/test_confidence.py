from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bioassay_mtl.confidence.calibration import Calibration
from bioassay_mtl.confidence.evidence import OUT_OF_FOLD, Evidence
from bioassay_mtl.confidence.grid import ScoreCounts
from bioassay_mtl.models.model import Model
from bioassay_mtl.screening.options import ScreenOptions
from bioassay_mtl.screening.pipeline import screen
from tests.screening.tiny_model import TASKS, tiny_model


@pytest.fixture(scope="module")
def sure() -> Model:
    """A model that knows what was said of molecules out of sight."""
    model = tiny_model()
    rng = np.random.default_rng(0)
    task, logits = np.repeat(np.arange(5), 300), rng.normal(0, 2, 1500)
    counts = ScoreCounts.of(task, logits, rng.random(1500) < 1 / (1 + np.exp(-logits)), 5)
    model.beside["evidence"] = Evidence(counts, np.full((5, 4), np.inf), OUT_OF_FOLD)
    slope, offset = np.linspace(0.5, 1.2, 5), np.linspace(-1, 1, 5)
    model.beside["calibration"] = Calibration(slope, offset, OUT_OF_FOLD, 0.3, 0.2)
    return model


@pytest.fixture
def library(nci_smiles: list[str], tmp_path: Path) -> Path:
    path = tmp_path / "in.smi"
    path.write_text("\n".join([*nci_smiles[:40], "nonsense"]) + "\n")
    return path


def read(path: Path) -> pd.DataFrame:
    return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_screen_says_what_python_says(
    sure: Model, library: Path, nci_smiles: list[str], tmp_path: Path, suffix: str
) -> None:
    for raw in (False, True):
        out = tmp_path / f"{raw}{suffix}"
        options = ScreenOptions(annotate=("confidence",), raw=raw, assays=TASKS[3:1:-1], workers=1)
        screen([library], sure, out, options)
        expected = sure.predict([*nci_smiles[:40], "nonsense"], calibrated=not raw, confidence=True)
        found = read(out)
        names = [f"{task}{what}" for task in TASKS[3:1:-1] for what in (":spread", ":low", ":high")]
        assert list(found.columns[-6:]) == names
        for name in (*TASKS[2:4], *names):
            np.testing.assert_allclose(found[name], expected[name], atol=2e-6)


def test_calibrated_and_raw_have_one_order(sure: Model, library: Path, tmp_path: Path) -> None:
    found = []
    for raw in (False, True):
        screen([library], sure, tmp_path / f"{raw}.csv", ScreenOptions(raw=raw, workers=1))
        found.append(read(tmp_path / f"{raw}.csv"))
    for task in TASKS:
        assert not np.allclose(found[0][task][:-1], found[1][task][:-1])
        assert found[0][task].corr(found[1][task], method="spearman") > 0.999
    screen([library], tiny_model(), tmp_path / "bare.csv", ScreenOptions(workers=1))
    assert (tmp_path / "bare.csv").read_bytes() == (tmp_path / "True.csv").read_bytes()


def test_the_best_and_long_tables_have_it(sure: Model, library: Path, tmp_path: Path) -> None:
    beside = ("spread", "low", "high")
    tables = {}
    for name, given in (("long", {"long": True}), ("top", {"top": 3})):
        options = ScreenOptions.of({"annotate": ("confidence",), "workers": 1, **given})
        screen([library], sure, tmp_path / f"{name}.csv", options)
        tables[name] = read(tmp_path / f"{name}.csv")
        assert tuple(tables[name].columns[-3:]) == beside
    whole = tables["long"].set_index(["row", "assay"])
    for hit in tables["top"].to_dict("records"):
        same = whole.loc[(hit["row"], hit["assay"])]
        assert [hit[name] for name in beside] == [same[name] for name in beside]
        assert hit["low"] <= hit["probability"] <= hit["high"]


def test_without_evidence_there_is_the_spread_alone(library: Path, tmp_path: Path) -> None:
    options = ScreenOptions(annotate=("confidence",), assays=TASKS[:1], workers=1)
    screen([library], tiny_model(), tmp_path / "out.csv", options)
    assert list(read(tmp_path / "out.csv").columns[-2:]) == [TASKS[0], f"{TASKS[0]}:spread"]
