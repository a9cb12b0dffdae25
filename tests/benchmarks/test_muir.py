"""Shared modules find the groups of the synthetic problem; the study keeps what is done."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from sklearn.metrics import adjusted_rand_score

from benchmarks.harness.assay_tables import Table, tables
from benchmarks.muir import panels
from benchmarks.muir.panels import CASES, MIXES
from benchmarks.muir.study import MAIN, Key, plan, run
from benchmarks.muir.synthetic import (
    N_TASKS,
    N_TRAIN,
    QUICK,
    RandomChoice,
    problem,
    solve,
)
from benchmarks.muir.table import table
from tests.training.together.conftest import RULES


@pytest.fixture(autouse=True)
def _threads() -> None:
    torch.set_num_threads(1)


def test_the_search_finds_the_groups_of_tasks_that_alone_are_not_determined() -> None:
    given = problem(1)
    weights, alignment = solve(given, 1, way=QUICK._replace(steps=600))
    assert given.test.error(weights) < 0.1
    assert adjusted_rand_score(given.group, alignment) == 1


def test_tasks_alone_and_random_choice_do_not() -> None:
    given, short = problem(1), QUICK._replace(steps=300)
    alone, alignment = solve(given, 1, search=None, way=short)
    assert given.test.error(alone) > 0.5
    assert alignment.tolist() == [*range(N_TASKS)]
    by_chance, alignment = solve(given, 1, search=RandomChoice, way=short)
    assert given.test.error(by_chance) > 0.5
    assert adjusted_rand_score(given.group, alignment) < 0.5


def test_the_problem_is_as_published() -> None:
    given = problem(0)
    assert given.train.x.shape == (30, N_TRAIN, 20)
    assert np.bincount(given.group).tolist() == [10, 10, 10]
    x = given.train.x
    of_one = np.linalg.matrix_rank(x[0].numpy())
    of_group = np.linalg.matrix_rank(x[given.group == given.group[0]].flatten(0, 1).numpy())
    assert (of_one, of_group) == (N_TRAIN, 20)


def _same(made: Table, tenths: range) -> Table:
    return made


@pytest.fixture
def small_tables(nci_smiles: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Two tables of real molecules in place of the study's."""
    for name, tasks, start in (("tox21", ["nitrogen", "oxygen"], 0), ("pcba", ["halogen"], 250)):
        smiles = nci_smiles[start : start + 300]
        cells = np.array([[float(RULES[task] in text) for task in tasks] for text in smiles])
        made = Table(np.array(smiles), cells, tuple(tasks))
        monkeypatch.setitem(tables._entries, name, partial(_same, made))
    monkeypatch.setattr(panels, "SIX", ("tox21", "pcba"))
    monkeypatch.setitem(MIXES, "pair", {"tox21": 60, "pcba": 100})
    for kept_panels in (panels.parted, panels.mixed):
        kept_panels.cache_clear()


@pytest.mark.usefixtures("small_tables")
def test_a_run_scores_test_rows_that_no_panel_learns_from() -> None:
    found = run(Key("pair", "muir", 0), epochs=2)["panels"]
    assert set(found["tox21"]["tasks"]) == {"nitrogen", "oxygen"}
    assert found["tox21"]["train"] == 48
    parted = panels.parted()
    rows = {name: np.array(panel.columns["part"]) for name, panel in parted.items()}
    held, learned = (
        set(panels.texts_of(parted[name], rows[name] == part))
        for name, part in (("tox21", "test"), ("pcba", "train"))
    )
    assert held
    assert not held & learned
    mixed = panels.mixed("pair", 0)["tox21"].columns["part"]
    assert mixed.count("train") + mixed.count("valid") == 60


def test_the_plan_begins_with_all_ways_of_sharing_and_has_all_runs() -> None:
    keys = [*dict.fromkeys(plan(2))]
    assert [key.case for key in keys[: len(MAIN)]] == [*MAIN]
    more = len(CASES["cases"]) - len(MAIN) + len(CASES["layers"])
    assert len(keys) == 2 * (len(MIXES) * len(MAIN) + more)


def test_the_table_compares_assays_in_pairs() -> None:
    results = [
        {
            "mix": "a",
            "case": case,
            "seed": seed,
            "panels": {
                "p": {
                    "metric": "average_precision",
                    "macro": {"average_precision": 0.35 + gain, "roc_auc": 0.7},
                    "tasks": {f"t{n}": 0.1 * n + gain + 0.01 * seed for n in range(8)},
                }
            },
        }
        for case, gain in (("none", 0.0), ("muir", 0.05))
        for seed in (0, 1)
    ]
    text = table(results, "About.")
    assert "## a: p" in text
    gained = "+0.0500 (+0.0500 to +0.0500) | 8 of 8 | 0.008 |"
    assert f"| muir | 2 | 0.4000 ± 0.0000 | 0.7000 ± 0.0000 | {gained}" in text
    assert "| none | 2 | 0.3500 ± 0.0000 | 0.7000 ± 0.0000 | – | – | – |" in text
    assert set(MAIN) <= set(CASES["cases"])
