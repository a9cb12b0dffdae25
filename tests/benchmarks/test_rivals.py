"""Rivals on whole panels: their scores, values among them, and their tables."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import rivals
from benchmarks.harness.contenders import BOOSTED, WHOLE_FOREST, Options, Outcome
from benchmarks.harness.datasets import Source, rules, values_source
from benchmarks.harness.deepchem_networks import standards
from benchmarks.harness.ledger import Entry, Ledger
from bioassay_mtl.panels.panel import Panel

N_CARBONS = 60


@pytest.fixture(scope="module")
def values() -> Source:
    """Alkanes: one assay is their length, one its negative, of which long ones are bounds."""
    smiles = ["C" * n for n in range(1, N_CARBONS + 1)]
    length = np.arange(1, N_CARBONS + 1, dtype=float)
    labels = np.stack([length, np.maximum(-length, -50)], axis=1)
    labels[::7, 0] = np.nan
    bounds = np.zeros(labels.shape, np.int8)
    bounds[length > 50, 1] = -1
    panel = Panel.from_arrays(
        smiles, labels, ["length", "shortness"], kinds=["censored"] * 2, bounds=bounds
    )
    return values_source(panel, "alkanes")


def test_a_perfect_guess_scores_best(values: Source) -> None:
    labels = values.panel.labels
    valid, test = (np.nan_to_num(labels[r]) for r in (values.valid, values.test))
    assert values.valid_score(valid) == 0
    assert values.valid_score(valid + 1) == pytest.approx(-1)
    entry = values.scored(("alkanes", "model", "all", "test", 0, "all"), test)
    assert entry.assays == ["length", "shortness"]
    assert entry.metrics["rmse"] == [0, 0]
    assert entry.metrics["r2"] == [1, 1]
    # Lengths beyond the bound are guessed equal, which is wrong of pairs with that bound only.
    assert entry.metrics["concordance"][0] == 1


@pytest.mark.parametrize("contender", [WHOLE_FOREST, BOOSTED])
def test_trees_learn_values(contender: Any, values: Source) -> None:
    if contender is BOOSTED:
        pytest.importorskip(
            "xgboost", reason="XGBoost, a rival of the benchmarks, is not installed"
        )
    outcome = contender(values, 0, Options(quick=True))
    seen = values.panel.mask[values.test]
    truth = values.panel.labels[values.test]
    assert (outcome.test[~seen] == 0).all()
    assert np.corrcoef(outcome.test[seen], truth[seen])[0, 1] > 0.8


def test_standards_are_of_the_rows_fitted_on(values: Source) -> None:
    mean, scale = standards(values)
    rows = values.panel.labels[values.fit]
    np.testing.assert_allclose(np.nanmean((rows - mean) / scale, axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(np.nanstd((rows - mean) / scale, axis=0), 1, rtol=1e-5)


def test_finished_work_is_not_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def constant(data: Source, seed: int, options: Options) -> Outcome:
        calls.append(seed)
        return Outcome(np.full((len(data.test), len(data.panel.tasks)), 0.5), {})

    monkeypatch.setitem(rivals.ON_PANELS, "chemprop", constant)
    data = replace(rules(), name="tox21")
    for _ in range(2):
        ledger = Ledger(tmp_path / "results.jsonl")
        rivals.one("chemprop", data, 3, ledger, Options())
    assert calls == [3]
    (entry,) = ledger.entries.values()
    assert set(entry.auc) == {0.5}
    assert entry.notes["fit"] + entry.notes["valid"] + entry.notes["test"] > 1900


def test_report() -> None:
    ledger = Ledger(None)
    about: dict[str, Any] = {"about": "a split", "fit": 1000, "valid": 100, "test": 200}
    about |= {"cpu_seconds": 9.0, "assays": 2, "settings": {}}
    for model, ap, rmse in (("bioassay_mtl", 0.5, 0.7), ("chemprop", 0.4, 0.6)):
        for seed in (0, 1):
            key = ("tox21", model, "own", "final", seed, "all")
            scores = [0.9, 0.8], [ap + seed / 10, 0.1]
            ledger.add(Entry(*key, ["one", "two"], *scores, notes=about))
        measured = {"rmse": [rmse, rmse], "concordance": [0.8, 0.8], "r2": [0.5, 0.5]}
        key = ("chembl100", model, "own", "final", 0, "all")
        ledger.add(Entry(*key, ["one", "two"], notes=about | {"values": measured}))
    text = rivals.report_of(ledger)
    assert "| chemprop | 2 | 0.2750 ± 0.0354 | **0.8500** ± 0.0000 | 0 of 2 | 9 s | own |" in text
    best = "| chemprop | 1 | **0.6000** | **0.8000** | **0.5000** | 2 of 2 | 9 s | own |"
    assert text.index(best) < text.index("| bioassay_mtl | 1 | 0.7000 |")


@pytest.mark.soak
def test_with_no_option_there_is_something_for_each_test_row() -> None:
    data = rules().look(2, 300)
    outcome = rivals.own(data, 0, Options(quick=True), effort="normal")
    assert outcome.test.shape == (len(data.test), 2)
    assert np.isfinite(outcome.test).all()


@pytest.mark.soak
def test_a_network_alone_and_an_ensemble_learn() -> None:
    data = rules().look(2, 300)
    assert len(rivals.all_rows(data).train) == len(data.fit) + len(data.valid)
    for members, stops in ((1, True), (1, False), (2, True)):
        outcome = rivals.own(data, 0, Options(quick=True), members, stops)
        assert outcome.test.shape == (len(data.test), 2)
        assert outcome.notes["parameters"] > 1000
