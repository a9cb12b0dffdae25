"""The rivals' bookkeeping: masks, hold-out, resume, choice of features, absent data."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))

choice = import_module("benchmarks.rivals.choice")
evaluation = import_module("benchmarks.rivals.evaluation")
features = import_module("benchmarks.rivals.features")
ledger = import_module("benchmarks.rivals.ledger")
per_assay = import_module("benchmarks.rivals.per_assay")
scores = import_module("benchmarks.rivals.scores")

KEY = ("B-random", "xgboost", "bits", "choice", 0, "a")


def test_unmeasured_cells_do_not_count() -> None:
    label = np.array([1, -1, 0, -1, 0], dtype=np.int8)
    guess = np.array([0.9, 0.95, 0.2, 0.99, 0.1])
    assert scores.score_assay(label, guess) == scores.AssayScore(auc=1.0, ap=1.0)


@pytest.mark.parametrize("label", [[1, 1, -1], [0, 0, -1], [-1, -1, -1]])
def test_one_class_has_no_score_and_is_left_out_of_the_macro_mean(label: list[int]) -> None:
    both = np.array([label, [1, 0, 0]], dtype=np.int8).T
    found = scores.score_all(both, np.array([[1, 1], [1, 0], [1, 0]], dtype=float), ("a", "b"))
    assert list(found) == ["b"]
    assert scores.macro(found).auc == 1.0


def test_holdout_keeps_equal_fingerprints_on_one_side() -> None:
    generator = np.random.default_rng(0)
    packed = generator.integers(0, 256, (50, 128), dtype=np.uint8)[generator.integers(0, 50, 400)]
    train = np.arange(10, 390)
    fit, valid = evaluation.cut_holdout(packed, train)
    assert sorted([*fit, *valid]) == list(train)
    assert not {row.tobytes() for row in packed[fit]} & {row.tobytes() for row in packed[valid]}
    assert 0 < len(valid) < len(fit)


def test_a_line_cut_short_by_a_kill_is_done_again(tmp_path: Path) -> None:
    path = tmp_path / "rivals.jsonl"
    first = ledger.Ledger(path)
    entry = first.add(ledger.make_entry(KEY, {"a": scores.AssayScore(0.5, 0.25)}, 1.0))
    with path.open("a") as stream:
        stream.write('{"protocol":"B-ran')
    second = ledger.Ledger(path)
    assert second.get(KEY) == entry
    other = (*KEY[:-1], "b")
    second.add(ledger.make_entry(other, {}, 1.0))
    assert set(ledger.Ledger(path).entries) == {KEY, other}


def test_features_are_chosen_on_the_assays_that_both_sets_scored() -> None:
    kept = ledger.Ledger(None)
    for name, unit, ap in (("bits", "a", 0.2), ("bits", "b", 0.9), ("counts", "a", 0.3)):
        key = ("B-random", "xgboost", name, "choice", 0, unit)
        kept.add(ledger.make_entry(key, {unit: scores.AssayScore(0.5, ap)}, 1.0))
    assert choice.validation_ap("xgboost", "B-random", kept) == {"bits": 0.2, "counts": 0.3}
    assert choice.chosen_features("xgboost", "B-random", kept) == "counts"
    assert choice.chosen_features("xgboost", "A", kept) == "bits"


def test_a_single_class_assay_is_predicted_flat() -> None:
    x = sparse.csr_matrix(np.eye(4, dtype=np.float32))
    label = np.array([0, 0, -1, 1], dtype=np.int8)
    rival = per_assay.RIVALS["logistic_regression"]
    guess = per_assay.predict_assay(rival, x, label, np.arange(3), np.arange(4), 0, False)
    assert guess.tolist() == [0, 0, 0, 0]


def test_counts_are_log2_of_one_plus_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "CACHE", tmp_path)
    matrix = features.counts(("CCCCO", "c1ccccc1"))
    assert matrix.shape == (2, features.MORGAN_SIZE + features.TORSION_SIZE)
    # Benzene: six equal atoms, each alone, with its neighbours, and two bonds away.
    assert matrix[1, : features.MORGAN_SIZE].data == pytest.approx(np.full(3, np.log2(7)))
    assert matrix[1, features.MORGAN_SIZE :].data == pytest.approx([np.log2(7)])
    again = features.counts(("CCCCO", "c1ccccc1"))
    assert (again != matrix).nnz == 0


def test_absent_data_end_with_a_clear_message(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.rivals", "--quick", "--data", str(tmp_path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert "BIOASSAY_DATA" in ended.stderr


def test_published_results_are_whole() -> None:
    path = ROOT / "benchmarks" / "results" / "rivals.jsonl"
    entries = [ledger.Entry(**json.loads(line)) for line in path.read_text().splitlines()]
    assert len({entry.key for entry in entries}) == len(entries)
    assert all(len(entry.assays) == len(entry.auc) == len(entry.ap) for entry in entries)
