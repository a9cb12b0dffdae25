"""The study of balancers: budgets, resuming, and an honest report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.harness.datasets import rules
from benchmarks.harness.ledger import Entry, Ledger
from benchmarks.mtl_study import cases
from benchmarks.mtl_study.__main__ import Study
from benchmarks.mtl_study.table import families, finished, write_report
from tests.needs import extra

SMALL = cases.PRESETS["small"]
SPACE = ("learning_rate", "dropout", "weight_decay")


def test_every_cell_tries_the_same_draws() -> None:
    every = cases.cells(SMALL, "pcba")
    assert len(set(every)) == len(every)
    drawn = [
        [[trial[name] for name in SPACE] for trial in cases.trials(cell, SMALL)] for cell in every
    ]
    assert all(each == drawn[0] for each in drawn)
    assert len(drawn[0]) == SMALL.trials
    assert cases.draws(3) == cases.draws(12)[:3]


def test_balancers_that_are_not_registered_are_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "balancers", {"zeta": None, "dwa": None, "sum": None})
    assert cases.known_balancers() == ["sum", "sum_longer", "mean", "dwa", "zeta"]


def test_settings_of_every_cell_are_valid() -> None:
    from bioassay_mtl.training.config import TrainingConfig

    source = rules().compact(300)
    for cell in cases.cells(SMALL, "rules"):
        for chosen in cases.trials(cell, SMALL):
            TrainingConfig.of(cases.full_settings(cell, SMALL, chosen, source, 0))


@pytest.mark.soak
def test_finished_work_is_not_done_again(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    for _ in range(2):
        study = Study("rules", rules(), cases.PRESETS["quick"], Ledger(path))
        study.describe()
        study.run(cases.Cell("mmoeex", "sum"))
        lines = path.read_text().splitlines()
        assert len(lines) == 1 + 2  # the rows; a trial and a test run
    assert all(entry.ap for entry in study.ledger.select(stage="test"))


def planted(path: Path | None, gains: dict[str, float], n_assays: int = 40) -> Ledger:
    """Results whose cells differ from the plain sum by a known mean gain."""
    rng = np.random.default_rng(0)
    tasks = [f"assay-{number}" for number in range(n_assays)]
    made_with = {"machine": "2 cores, no GPU", "versions": {"torch": "2"}, "commit": "abc"}
    kept = Ledger(path)
    about: dict[str, Any] = {"about": "made up", "tasks": tasks, "batch_size": 32}
    about |= {"fit": 9, "valid": 9, "test": 9, "made_with": made_with}
    about |= {"actives": (10 + 3 * np.arange(n_assays)).tolist()}
    about["preset"] = {**vars(SMALL), "seeds": list(SMALL.seeds)}
    kept.add(Entry("planted", "", "small", "data", 0, "all", notes=about))
    base = rng.uniform(0.2, 0.5, n_assays)
    for cell, gain in gains.items():
        for seed in SMALL.seeds:
            ap = np.clip(base + gain + rng.normal(0, 0.01, n_assays), 0, 1)
            balance = {"kind": cell.split(" + ")[1]}
            notes: dict[str, Any] = {
                "settings": {**cases.draws(1)[0], "balance": balance},
                "preset": SMALL.size,
            }
            notes |= {"cpu_seconds": 2.0, "made_with": made_with}
            key = ("planted", cell, "small", "test", seed, "all")
            kept.add(Entry(*key, tasks, (0.5 + ap / 2).tolist(), ap.tolist(), notes=notes))
    return kept


def test_a_planted_winner_is_named_and_a_planted_loser_too(tmp_path: Path) -> None:
    extra("matplotlib", "plots")
    gains = {"mmoeex + sum": 0.0, "mmoeex + two_step": 0.03, "mmoeex + dwa": -0.03}
    planted(tmp_path / "mtl_study-planted-small.jsonl", gains | {"mmoe + sum": 0.0})
    assert write_report(tmp_path)
    text = (tmp_path / "mtl_study.md").read_text()
    assert "1 better (mmoeex + two_step), 1 worse (mmoeex + dwa)" in text
    assert "Highest macro AP: mmoeex + two_step." in text
    for what in ("## planted, preset small", "### Models", "| mmoe + sum |", "Friedman p"):
        assert what in text
    (picture,) = tmp_path.glob("*.png")
    assert picture.name in text


def test_where_the_plain_sum_wins_the_report_says_so() -> None:
    gains = {"mmoeex + sum": 0.0, "mmoeex + two_step": -0.03, "mmoeex_exclusive + sum": -0.05}
    ledger = planted(None, gains)
    (family, models) = families(finished(ledger.select(stage="test"), [1, 2, 3]))
    assert family.verdicts() == ["worse"]
    assert "Of 1 against mmoeex + sum: 0 better, 1 worse" in family.sentence
    assert models.verdicts() == ["worse", "worse"]


def test_cells_without_every_seed_are_left_out() -> None:
    ledger = planted(None, {"mmoeex + sum": 0.0, "mmoeex + two_step": 0.1})
    tests = ledger.select(stage="test")[:-1]
    assert [each.model for each in finished(tests, [1, 2, 3])] == ["mmoeex + sum"]
