from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bioassay_mtl.chem.identity import TrainingMolecules
from bioassay_mtl.confidence.selection import benjamini_hochberg
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.models.model import Model
from bioassay_mtl.screening.options import ScreenOptions
from bioassay_mtl.screening.pipeline import screen
from tests.screening.test_confidence import read, sure  # noqa: F401
from tests.screening.tiny_model import TASKS, tiny_model


@pytest.fixture
def library(nci_smiles: list[str], tmp_path: Path) -> Path:
    path = tmp_path / "in.smi"
    lines = [f"{smiles} {number}" for number, smiles in enumerate(nci_smiles[:200])]
    path.write_text("\n".join([*lines, "nonsense x"]) + "\n")
    return path


def selected(model: Model, library: Path, out: Path, **given: Any) -> pd.DataFrame:
    summary = screen([library], model, out, ScreenOptions.of({"workers": 1, **given}))
    found = read(out)
    assert summary.selected == len(found)
    return found


@pytest.mark.parametrize("rate", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("raw", [False, True])
def test_it_is_benjamini_hochberg_over_the_whole_library(
    sure: Model,  # noqa: F811
    library: Path,
    tmp_path: Path,
    rate: float,
    raw: bool,
) -> None:
    found = selected(sure, library, tmp_path / "s.parquet", select=rate, raw=raw)
    options = ScreenOptions(annotate=("p_value",), raw=raw, workers=1)
    screen([library], sure, tmp_path / "all.parquet", options)
    whole = read(tmp_path / "all.parquet")
    whole = whole[whole.status == "ok"]
    for task in TASKS:
        own = found[found.assay == task]
        expected = whole[benjamini_hochberg(whole[f"{task}:p_value"].to_numpy(), rate)]
        assert set(own.row) == set(expected.row)
        assert own["rank"].tolist() == list(range(1, len(own) + 1))
        assert own.probability.is_monotonic_decreasing
        assert own.p_value.is_monotonic_increasing
        same = whole.set_index("row").loc[own.row]
        assert own.p_value.tolist() == same[f"{task}:p_value"].tolist()
        assert own.probability.tolist() == same[task].tolist()
        assert own.smiles.tolist() == same.smiles.tolist()


def test_cutting_into_batches_leaves_no_trace(
    sure: Model,  # noqa: F811
    library: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bioassay_mtl.screening.select.ROWS_AT_ONCE", 7)
    files = []
    for size in (7, 64, 1024):
        out = tmp_path / f"{size}.csv"
        assert len(
            selected(sure, library, out, select=0.8, batch_size=size, annotate=("confidence",))
        )
        files.append(out.read_bytes())
    assert files[0] == files[1] == files[2]
    assert files[0].splitlines()[0].endswith(b"in_training,probability,spread,low,high,p_value")


def test_what_is_known_is_not_selected(
    sure: Model,  # noqa: F811
    library: Path,
    nci_smiles: list[str],
    tmp_path: Path,
) -> None:
    known = tiny_model()
    known.beside.update(sure.beside)
    known.training_molecules = TrainingMolecules.of(nci_smiles[:200:2])
    found = selected(known, library, tmp_path / "s.csv", select=0.8)
    assert len(found)
    assert not found.in_training.any()


def test_nothing_may_be_selected(
    sure: Model,  # noqa: F811
    library: Path,
    tmp_path: Path,
) -> None:
    found = selected(sure, library, tmp_path / "s.csv", select=0.001)
    assert not len(found)
    assert list(found.columns[:3]) == ["assay", "rank", "row"]


def test_without_evidence_it_is_refused(library: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not know what it said"):
        selected(tiny_model(), library, tmp_path / "s.csv", select=0.1)
    assert not (tmp_path / "s.csv").exists()


@pytest.mark.parametrize("other", [{"top": 3}, {"long": True}])
def test_it_is_a_table_of_its_own(other: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="excludes"):
        ScreenOptions.of({"select": 0.1, **other})


def test_p_values_of_rows_that_are_not_ok_are_missing(
    sure: Model,  # noqa: F811
    library: Path,
    tmp_path: Path,
) -> None:
    options = ScreenOptions(annotate=("p_value",), workers=1)
    screen([library], sure, tmp_path / "all.csv", options)
    assert np.isnan(read(tmp_path / "all.csv")[f"{TASKS[0]}:p_value"].iloc[-1])
