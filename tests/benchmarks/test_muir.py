"""Shared modules find the groups of the synthetic problem; the study keeps what is done."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import adjusted_rand_score

from benchmarks.muir import mixes
from benchmarks.muir.cases import CASES, MAIN
from benchmarks.muir.study import keep, kept, run, runs
from benchmarks.muir.synthetic import N_ROWS, N_TASKS, RandomChoice, problem, rmse, solve
from benchmarks.muir.table import table
from benchmarks.single_assays.tables import Table, tables
from tests.training.together.conftest import RULES


@pytest.fixture(autouse=True)
def _threads() -> None:
    torch.set_num_threads(1)


def test_the_search_finds_the_groups_of_tasks_that_alone_are_not_determined() -> None:
    given = problem(1)
    weights, alignment = solve(given, 1)
    assert rmse(weights, given) < 0.01
    assert adjusted_rand_score(given.group, alignment) == 1


def test_tasks_alone_and_random_choice_do_not() -> None:
    given = problem(1)
    alone, alignment = solve(given, 1, search=None, steps=300)
    assert rmse(alone, given) > 0.5
    assert alignment.tolist() == [*range(N_TASKS)]
    by_chance, alignment = solve(given, 1, search=RandomChoice, steps=300)
    assert rmse(by_chance, given) > 0.5
    assert adjusted_rand_score(given.group, alignment) < 0.5


def test_the_problem_is_as_published() -> None:
    given = problem(0)
    assert given.x.shape == (30, N_ROWS, 20)
    assert np.bincount(given.group).tolist() == [10, 10, 10]
    of_one = np.linalg.matrix_rank(given.x[0].numpy())
    of_group = np.linalg.matrix_rank(given.x[given.group == given.group[0]].flatten(0, 1).numpy())
    assert (of_one, of_group) == (15, 20)


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
    pair = {"pair": {"tox21": 60, "pcba": None}}
    monkeypatch.setattr("benchmarks.muir.study.MIXES", pair)


@pytest.mark.usefixtures("small_tables")
def test_a_run_goes_on_and_scores_the_same_test_rows_for_all(tmp_path: Path) -> None:
    first = run("pair", "none", 0, epochs=1, work=tmp_path)
    again = run("pair", "none", 0, epochs=1, work=tmp_path)
    assert again["resumed"]
    assert again["panels"] == first["panels"]
    assert set(first["panels"]["tox21"]["tasks"]) == {"nitrogen", "oxygen"}
    parts = mixes.drawn("tox21", 60, 0).panel.columns["part"]
    assert parts.count("train") + parts.count("valid") == 60
    assert parts == mixes.drawn("tox21", 60, 0).panel.columns["part"]


def test_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    path = tmp_path / "muir.jsonl"
    keep(path, {"mix": "a", "case": "none", "seed": 0})
    with path.open("a") as file:
        file.write('{"mix": "a", "ca')  # a kill
    keep(path, {"mix": "a", "case": "muir", "seed": 0})
    done = {(each["mix"], each["case"], each["seed"]) for each in kept(path)}
    assert done == {("a", "none", 0), ("a", "muir", 0)}

    def one(*key: Any) -> dict[str, Any]:
        return dict(zip(("mix", "case", "seed"), key, strict=True))

    left = [*runs(["a"], ["none", "muir"], 2, done, one)]
    assert [(each["case"], each["seed"]) for each in left] == [("none", 1), ("muir", 1)]


def test_the_table_compares_assays_in_pairs() -> None:
    results = [
        {
            "mix": "a",
            "case": case,
            "seed": seed,
            "panels": {
                "p": {
                    "metric": "average_precision",
                    "macro": {},
                    "tasks": {f"t{n}": 0.1 * n + gain + 0.01 * seed for n in range(8)},
                }
            },
        }
        for case, gain in (("none", 0.0), ("muir", 0.05))
        for seed in (0, 1)
    ]
    text = table(results, "About.")
    assert "## a: p" in text
    assert "| muir | 2 | 0.4050 | +0.0500 | 8 of 8 | 0.008 |" in text
    assert "| none | 2 | 0.3550 | +0.0000 | – | – |" in text
    assert set(MAIN) <= set(CASES)
