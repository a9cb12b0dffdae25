"""The study of balancers: budgets, rows, resuming, tests over assays, and honest sentences."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.needs import extra

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))

cases = import_module("benchmarks.mtl_study.cases")
comparison = import_module("benchmarks.mtl_study.comparison")
datasets = import_module("benchmarks.mtl_study.datasets")
ledger = import_module("benchmarks.rivals.ledger")
outcomes = import_module("benchmarks.mtl_study.outcomes")
presets = import_module("benchmarks.mtl_study.presets")
program = import_module("benchmarks.mtl_study.__main__")
scores = import_module("benchmarks.rivals.scores")
significance = import_module("benchmarks.mtl_study.significance")
table = import_module("benchmarks.mtl_study.table")
verdict = import_module("benchmarks.mtl_study.verdict")

SMALL = presets.PRESETS["small"]
SPACE = ("learning_rate", "dropout", "weight_decay")


def test_every_cell_tries_the_same_draws() -> None:
    every = cases.cells(presets.PRESETS["full"], "pcba")
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

    data = datasets.read("rules", None, 300)
    for cell in cases.cells(presets.PRESETS["full"], "rules"):
        for chosen in cases.trials(cell, presets.PRESETS["full"]):
            TrainingConfig.of(cases.full_settings(cell, SMALL, chosen, data, 0))


def test_parts_share_no_molecule_and_a_cut_touches_fitted_rows_alone() -> None:
    source = datasets.rules(None)
    whole, few = (datasets.read("rules", None, rows) for rows in (None, 200))
    assert few.n_fit == 200
    assert few.test.structures == whole.test.structures
    assert few.choice.structures[200:] == whole.choice.structures[whole.n_fit :]
    groups = source.panel.groups()
    parts = [set(groups[rows].tolist()) for rows in (source.fit, source.valid, source.test)]
    assert sum(map(len, parts)) == len(set.union(*parts)) == len(set(groups.tolist()))


def test_a_cut_can_keep_what_is_active() -> None:
    from dataclasses import replace

    source = datasets.rules(None)
    rare = replace(source, keep_actives=True, panel=source.panel.select_tasks(["nitro"]))
    n_active = int((rare.panel.labels[source.fit] == 1).sum())
    kept = rare.panel.labels[datasets.cut(rare, n_active + 50)]
    assert len(kept) == n_active + 50
    assert int((kept == 1).sum()) == n_active


@pytest.mark.soak
def test_finished_work_is_not_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "write_report", lambda folder: True)
    command = ["--preset", "quick", "--models", "mmoeex", "shared_bottom"]
    command += ["--balancers", "sum", "--results", str(tmp_path)]
    assert program.main(command) == 0
    file = tmp_path / "mtl_study-rules-quick.jsonl"
    first = file.read_text().splitlines()
    assert len(first) == 1 + 2 * 2  # the rows; a trial and a test run of two models
    assert program.main(command) == 0
    assert file.read_text().splitlines() == first
    file.write_text("\n".join(first[:3]) + "\n" + first[3][:40])  # killed while it wrote
    assert program.main(command) == 0
    resumed, whole = (ledger.Ledger(path).entries for path in (file, _file(tmp_path, first)))
    assert {key: entry.ap for key, entry in resumed.items()} == {
        key: entry.ap for key, entry in whole.items()
    }


def _file(folder: Path, lines: list[str]) -> Path:
    path = folder / "whole.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_no_work_starts_that_would_end_too_late(tmp_path: Path) -> None:
    assert program.main(["--preset", "quick", "--minutes", "0", "--results", str(tmp_path)]) == 0
    entries = ledger.Ledger(tmp_path / "mtl_study-rules-quick.jsonl").entries.values()
    assert [entry.stage for entry in entries] == ["data"]


def test_absent_data_are_said_to_be_absent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["--preset", "quick", "--dataset", "tox21", "--data", str(tmp_path)]
    assert program.main(command) == 2
    assert "BIOASSAY_DATA" in capsys.readouterr().err


def test_holm_is_the_textbook_example() -> None:
    assert significance.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_lies_between_none_and_bonferroni_and_keeps_the_order(p: list[float]) -> None:
    corrected = significance.holm(p)
    assert all(a <= b <= min(1.0, len(p) * a) for a, b in zip(p, corrected, strict=True))
    order = np.argsort(p, kind="stable")
    assert np.all(np.diff(np.array(corrected)[order]) >= 0)


@pytest.mark.parametrize(("n_methods", "q"), [(2, 1.960), (5, 2.728), (10, 3.164)])
def test_critical_difference_has_demsars_quantiles(n_methods: int, q: float) -> None:
    expected = q * np.sqrt(n_methods * (n_methods + 1) / (6 * 30))
    assert significance.critical_difference(n_methods, 30) == pytest.approx(expected, abs=2e-3)


def test_ranks_and_their_runs() -> None:
    measured = np.array([[0.9, 0.8, 0.7], [0.5, 0.8, 0.1], [0.1, 0.2, 0.3]])
    assert significance.mean_ranks(measured) == pytest.approx([3.5 / 3, 6.5 / 3, 8 / 3])
    runs = significance.cliques(np.array([1.0, 1.5, 2.2, 5.0]), 0.8)
    assert runs == [(1.0, 1.5), (1.5, 2.2)]


def test_equal_scores_are_level() -> None:
    same = significance.gain(np.ones(5), np.ones(5))
    assert (same.p, same.mean, same.n_improved) == (1.0, 0.0, 0)
    assert significance.verdict(same, same.p) == "level"


def planted(tmp_path: Path, gains: dict[tuple[str, str], float], n_assays: int = 40) -> Path:
    """A results file whose cells differ from the plain sum by a known mean gain."""
    rng = np.random.default_rng(0)
    tasks = [f"assay-{number}" for number in range(n_assays)]
    names = ("rows", "width", "epochs", "batch_size", "precision")
    size = [getattr(SMALL, name) for name in names]
    made_with = {"machine": "2 cores, no GPU", "versions": {"torch": "2"}, "commit": "abc"}
    kept = ledger.Ledger(tmp_path / "mtl_study-planted-small.jsonl")
    about: dict[str, Any] = {
        "about": "made up",
        "tasks": tasks,
        "fit": 9,
        "valid": 9,
        "test": 9,
        "batch_size": 32,
    }
    about |= {"actives": (10 + 3 * np.arange(n_assays)).tolist(), "made_with": made_with}
    about["preset"] = {**vars(SMALL), "seeds": list(SMALL.seeds)}
    kept.add(ledger.make_entry(("planted", "", "small", "data", 0, "all"), {}, 0.0, about))
    base = rng.uniform(0.2, 0.5, n_assays)
    for (model, balancer), gain in gains.items():
        for seed in SMALL.seeds:
            ap = np.clip(base + gain + rng.normal(0, 0.01, n_assays), 0, 1)
            measured = {
                t: scores.AssayScore(0.5 + a / 2, a) for t, a in zip(tasks, ap, strict=True)
            }
            notes = {
                "settings": {**cases.draws(1)[0], "balance": {"kind": balancer}},
                "preset": size,
                "curve": (ap.mean() * np.linspace(0.5, 1, SMALL.epochs)).tolist(),
                "cpu_seconds": 2.0,
                "peak_mb": None,
                "made_with": made_with,
            }
            key = ("planted", f"{model} + {balancer}", "small", "test", seed, "all")
            kept.add(ledger.make_entry(key, measured, 2.0, notes))
    return tmp_path


def test_a_planted_winner_is_named_and_a_planted_loser_too(tmp_path: Path) -> None:
    gains = {("mmoeex", "sum"): 0.0, ("mmoeex", "two_step"): 0.03, ("mmoeex", "dwa"): -0.03}
    (study,) = outcomes.read_outcomes(planted(tmp_path, gains))
    (family,) = comparison.families(study)
    assert family.verdicts("ap") == {"two_step": "better", "dwa": "worse"}
    text = " ".join(verdict.sentences(study))
    assert "1 of 2 better (two_step), 1 worse (dwa)" in text
    assert "Two-step on gates and towers: +0.02" in text
    assert "it is better" in text


def test_where_the_plain_sum_wins_the_report_says_so(tmp_path: Path) -> None:
    gains = {("mmoeex", "sum"): 0.0, ("mmoeex", "two_step"): -0.03}
    gains |= {("mmoeex_exclusive", "sum"): -0.05}
    (study,) = outcomes.read_outcomes(planted(tmp_path, gains))
    text = " ".join(verdict.sentences(study))
    assert "Balancers on mmoeex, against sum: none of 1 is better" in text
    assert "Highest macro AP: sum." in text
    assert text.count("it is worse") == 2


def test_cells_without_every_seed_are_left_out_by_name(tmp_path: Path) -> None:
    folder = planted(tmp_path, {("mmoeex", "sum"): 0.0, ("mmoeex", "two_step"): 0.1})
    file = folder / "mtl_study-planted-small.jsonl"
    file.write_text("\n".join(file.read_text().splitlines()[:-1]) + "\n")
    (study,) = outcomes.read_outcomes(folder)
    assert list(study.finalists) == [cases.Cell("mmoeex", "sum")]
    assert study.unfinished == ("mmoeex + two_step",)


def test_the_report_has_tables_and_pictures(tmp_path: Path) -> None:
    extra("matplotlib", "plots")
    names = ("sum", "two_step", "dwa", "lbtw")
    gains = {("mmoeex", name): 0.01 * place for place, name in enumerate(names)}
    gains |= {(model, "sum"): 0.0 for model in ("mmoe", "shared_bottom")}
    folder = planted(tmp_path, gains)
    assert table.write_report(folder)
    text = (folder / "mtl_study.md").read_text()
    for what in ("## planted, preset small", "| two_step |", "| mmoe + sum |", "Friedman p"):
        assert what in text
    pictures = sorted(path.name for path in folder.glob("*.png"))
    assert len(pictures) == 2
    assert all(name in text for name in pictures)
