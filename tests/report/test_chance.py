"""A model of noise is not praised, and a good one is beside what chance gives."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.report import Evidence, model_report
from bioassay_mtl.report.kinds import kind_reports
from bioassay_mtl.report.kinds.binary import LEAST_FOR_TOP
from bioassay_mtl.report.kinds.chance import beside_chance, times, verdict
from bioassay_mtl.tasks.kinds import Binary, Censored, Multiclass, Regression, TaskKind
from tests.screening.tiny_model import tiny_model


def evidence(
    labels: np.ndarray,
    predictions: np.ndarray,
    kinds: Sequence[TaskKind],
    bounds: np.ndarray | None = None,
    n_bootstrap: int = 200,
) -> Evidence:
    n, tasks = len(labels), tuple(f"t{i}" for i in range(labels.shape[1]))
    held = labels.astype(np.int8 if kinds[0].kind == "binary" else np.float32)
    panel = Panel(["C"] * n, None, held, tasks, ["x"] * n, {}, tuple(kinds), bounds)
    return Evidence(tiny_model(), panel, predictions.astype(np.float32), n_bootstrap=n_bootstrap)


def binary(n: int, skill: float, n_bootstrap: int = 200) -> Evidence:
    rng = np.random.default_rng(1)
    labels = rng.random((n, 1)) < 0.2
    logit = skill * labels + rng.normal(size=(n, 1))
    return evidence(labels, 1 / (1 + np.exp(-logit)), [Binary()], n_bootstrap=n_bootstrap)


def lead(found: Evidence) -> str:
    return kind_reports[found.panel.kinds[0].kind](found).lead


def test_noise_is_called_noise() -> None:
    said = lead(binary(200, 0))
    assert "cannot be told from chance" in said
    assert "50 by chance" in said
    assert "95 %" in said
    assert "1 %" not in said


def test_worse_than_chance_is_called_so() -> None:
    assert "worse than chance" in lead(binary(400, -2))


def test_a_good_ranking_stands_beside_chance() -> None:
    said = lead(binary(3000, 2))
    assert "cannot" not in said
    assert "50 by chance" in said
    assert "the best-scored 1 % of molecules hold" in said


@pytest.mark.parametrize("n", [200, LEAST_FOR_TOP - 1])
def test_the_best_percent_of_few_molecules_is_not_talked_of(n: int) -> None:
    found = binary(n, 2)
    assert "1 %" not in lead(found)
    key = {name: (text, remark) for name, text, remark in kind_reports["binary"](found).key}
    text, remark = key["Mean enrichment, best 1 %"]
    assert text == "–"
    assert "0 assays with 1,000 molecules or more" in remark
    enough = {name: text for name, text, _ in kind_reports["binary"](binary(3000, 2)).key}
    assert float(enough["Mean enrichment, best 1 %"]) > 1


def test_large_numbers_stand_beside_chance() -> None:
    key = {name: remark for name, _, remark in kind_reports["binary"](binary(300, 1)).key}
    assert "0.500 by chance" in key["Mean AUC"]
    share = binary(300, 1).panel.labels.mean()
    assert f"{share:.3f} by chance" in key["Mean average precision"]


def test_without_resamples_nothing_is_sure() -> None:
    said = lead(binary(200, 2, n_bootstrap=0))
    assert "no interval was computed" in said
    assert "nan" not in said


def values(kind: TaskKind, skill: float, shift: float = 0) -> Evidence:
    rng = np.random.default_rng(3)
    labels = rng.normal(size=(150, 1))
    said = skill * labels + (1 - skill) * rng.normal(size=labels.shape) + shift
    bounds = np.zeros(labels.shape, np.int8) if kind.kind == "censored" else None
    return evidence(labels, said, [kind], bounds)


def test_values_of_noise_are_no_better_than_the_mean() -> None:
    said = lead(values(Regression(), 0))
    assert "cannot be told from the assay's mean" in said
    assert "explain" not in said
    assert "0 by chance" in said


def test_an_order_without_values_is_not_praised_alone() -> None:
    """The higher of two is predicted higher, and yet the mean would be nearer."""
    said = lead(values(Censored(), 0.6, shift=3))
    assert "50 by chance" in said
    assert "cannot be told from the assay's mean" in said
    assert "R² −" in said
    noise = lead(values(Censored(), 0))
    assert "the order of molecules cannot be told from chance" in noise


def test_good_values_explain_variance() -> None:
    said = lead(values(Regression(), 0.8))
    assert "explain" in said
    assert "95 %" in said
    assert "cannot" not in said


@pytest.mark.parametrize(("skill", "doubtful"), [(0.0, True), (3.0, False)])
def test_classes_stand_beside_chance(skill: float, doubtful: bool) -> None:
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 3, (200, 1))
    scores = skill * np.eye(3)[labels[:, 0]] + rng.random((200, 3))
    kind = Multiclass(classes=("a", "b", "c"))
    said = lead(evidence(labels, scores / scores.sum(axis=1, keepdims=True), [kind]))
    assert "33 by chance" in said
    assert ("better than by chance" in said) == doubtful


def test_verdicts() -> None:
    assert verdict((0.6, 0.7), 0.5) == "better"
    assert verdict((0.3, 0.4), 0.5) == "worse"
    assert verdict((0.4, 0.6), 0.5) == "as chance"
    assert verdict((0.5, 0.6), 0.5) == "as chance"
    assert verdict((math.nan, math.nan), 0.5) == "unknown"
    assert beside_chance((0.444, 0.6), "50", times) == "95 %: 44 to 60; 50 by chance"


def test_the_page_of_noise_says_so() -> None:
    page = model_report(binary(200, 0))
    assert "cannot be told from chance" in page
    assert "as many actives as a random pick" not in page
