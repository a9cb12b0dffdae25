"""The comparison on whole panels: its rows, its scores, its tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.custom_panels import networks
from benchmarks.custom_panels.contender import Contender, Options, Outcome, contenders
from benchmarks.custom_panels.judge import choice_score, metrics_of, scored
from benchmarks.custom_panels.outcomes import standings
from benchmarks.custom_panels.panels import CustomPanel, compact, values_source
from benchmarks.custom_panels.table import write_report
from benchmarks.custom_panels.trees import boosted, forest
from benchmarks.custom_panels.work import Comparison
from benchmarks.mtl_study.datasets import Source, rules
from benchmarks.rivals import features
from benchmarks.rivals.ledger import Ledger, make_entry
from benchmarks.rivals.scores import AssayScore
from bioassay_mtl.panels.panel import Panel
from tests.needs import extra

N_CARBONS = 60


@pytest.fixture(scope="module")
def values() -> CustomPanel:
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
    return compact("alkanes", values_source(panel, "alkanes"), None)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "CACHE", tmp_path / "counts")


def test_a_compact_panel_has_the_rows_of_the_parts() -> None:
    source = rules(None)
    data = compact("rules", source, 100)
    assert len(data.parts.train) == 100
    assert data.parts.left_out == 0
    for mine, theirs in (("valid", source.valid), ("test", source.test)):
        rows = getattr(data.parts, mine)
        np.testing.assert_array_equal(data.panel.labels[rows], source.panel.labels[theirs])
    assert not set(data.known) & set(data.parts.test)
    assert "100 of" in data.about


def test_a_perfect_guess_scores_best(values: CustomPanel) -> None:
    labels = values.panel.labels
    valid, test = (np.nan_to_num(labels[r]) for r in (values.parts.valid, values.parts.test))
    assert choice_score(values, valid) == 0
    assert choice_score(values, valid + 1) == pytest.approx(-1)
    entry = scored(values, ("alkanes", "model", "all", "test", 0, "all"), test, 1.0, {})
    found = metrics_of(entry)
    assert entry.assays == ["length", "shortness"]
    assert found["rmse"] == [0, 0]
    assert found["r2"] == [1, 1]
    # Lengths beyond the bound are guessed equal, which is wrong of pairs with that bound only.
    assert found["concordance"][0] == 1


def test_values_reach_chemprop_with_their_bounds(values: CustomPanel, tmp_path: Path) -> None:
    networks.write_tables(values, tmp_path)
    train = pd.read_csv(tmp_path / "train.csv", dtype=str, keep_default_na=False)
    assert train["split"].tolist() == ["train"] * len(values.parts.train) + ["val"] * len(
        values.parts.valid
    )
    by_smiles = train.set_index("smiles")
    long = [text for text in by_smiles.index if len(text) > 50]
    assert long
    assert set(by_smiles.loc[long, "shortness"]) == {"<-50"}
    assert (train["length"] == "").sum() == np.isnan(values.panel.labels[values.known, 0]).sum()
    assert len(pd.read_csv(tmp_path / "test.csv")) == len(values.parts.test)


@pytest.mark.parametrize("contender", [forest, boosted])
def test_trees_learn_values(contender: Any, values: CustomPanel, tmp_path: Path) -> None:
    if contender is boosted:
        pytest.importorskip(
            "xgboost", reason="XGBoost, a rival of the benchmarks, is not installed"
        )
    outcome = contender(values, 0, Options(None, tmp_path, quick=True))
    seen = values.panel.mask[values.parts.test]
    truth = values.panel.labels[values.parts.test]
    assert (outcome.test[~seen] == 0).all()
    assert np.corrcoef(outcome.test[seen], truth[seen])[0, 1] > 0.8


def test_standards_are_of_the_rows_fitted_on(values: CustomPanel) -> None:
    mean, scale = networks.standards(values)
    rows = values.panel.labels[values.parts.train]
    np.testing.assert_allclose(np.nanmean((rows - mean) / scale, axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(np.nanstd((rows - mean) / scale, axis=0), 1, rtol=1e-5)


def test_finished_work_is_not_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def constant(data: CustomPanel, seed: int, options: Options) -> Outcome:
        calls.append(seed)
        return Outcome(np.full((len(data.parts.test), len(data.panel.tasks)), 0.5), {})

    monkeypatch.setitem(contenders._entries, "constant", Contender(constant))
    path = tmp_path / "results.jsonl"
    for _ in range(2):
        comparison = Comparison("rules", None, Ledger(path), Options(None, tmp_path))
        entry = comparison.run("constant", 3)
    assert calls == [3]
    assert set(entry.auc) == {0.5}
    assert entry.notes["fit"] + entry.notes["valid"] + entry.notes["test"] > 1900


def test_report(tmp_path: Path) -> None:
    extra("matplotlib", "plots")
    assert not write_report(tmp_path)
    ledger = Ledger(tmp_path / "custom_panels.jsonl")
    about = {"about": "a split", "fit": 1000, "valid": 100, "test": 200, "cpu_seconds": 9.0}
    about |= {"made_with": {"machine": "a machine"}, "assays": 2, "settings": {}}
    for model, ap, rmse in (("bioassay_mtl", 0.5, 0.7), ("chemprop", 0.4, 0.6)):
        for seed in (0, 1):
            scores = {"one": AssayScore(0.9, ap + seed / 10), "two": AssayScore(0.8, 0.1)}
            key = ("tox21", model, "all", "test", seed, "all")
            ledger.add(make_entry(key, scores, 9.0, about))
        values = {"rmse": [rmse, rmse], "concordance": [0.8, 0.8], "r2": [0.5, 0.5]}
        key = ("chembl100", model, "all", "test", 0, "all")
        entry = make_entry(key, {}, 9.0, about | {"values": values})
        entry.assays.extend(["one", "two"])
        ledger.add(entry)
    assert write_report(tmp_path)
    text = (tmp_path / "custom_panels.md").read_text()
    assert "| bioassay_mtl | **0.325** | **0.850** | 0.700 | **0.800** | **0.500** |" in text
    assert "| chemprop | 2 | 0.275 ± 0.035 | **0.850** ± 0.000 | 9 s | 1 of 2 |" in text
    assert "| chemprop | 1 | **0.600** | **0.800** | **0.500** | 9 s | 0 of 2 |" in text
    assert (tmp_path / "custom_panels.png").stat().st_size > 5000


def test_each_model_is_compared_in_its_panels() -> None:
    ledger = Ledger(None)
    ledger.add(make_entry(("tox21", "XGBoost", "all", "test", 0, "all"), {}, 1.0))
    (found,) = standings(ledger, ("hiv", "tox21"))
    assert found.ours is None
    assert found.ours_better(found.standings[0], "ap") is None


def test_rare_actives_are_kept_in_a_cut() -> None:
    labels = np.zeros((200, 1), np.int8)
    labels[:5] = 1
    panel = Panel(["C"] * 200, None, labels, ("rare",), [""] * 200)
    rows = np.arange(200)
    source = Source(panel, rows[:150], rows[150:170], rows[170:], "", {}, {}, keep_actives=True)
    data = compact("rare", source, 20)
    assert data.panel.labels[data.parts.train].sum() == 5
    assert "all actives kept" in data.about
