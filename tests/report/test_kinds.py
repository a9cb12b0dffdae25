"""Every kind of task has its part of a page."""

from __future__ import annotations

import numpy as np
import pytest

from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.report import Evidence, model_report
from bioassay_mtl.report.kinds import kind_reports
from bioassay_mtl.report.kinds.classes import confusion
from bioassay_mtl.report.kinds.values import badness
from bioassay_mtl.tasks.kinds import (
    Binary,
    Censored,
    Multiclass,
    Ordinal,
    Regression,
    columns_of,
    task_kinds,
)
from tests.report.conftest import HOSTILE
from tests.screening.tiny_model import tiny_model

KINDS = (
    Binary(),
    Regression(unit="% inhibition"),
    Censored(unit=HOSTILE),
    Multiclass(classes=("agonist", "antagonist", HOSTILE)),
    Ordinal(classes=("low", "medium", "high")),
    Regression(),
)
TASKS = ("hit", "inhibition", "potency", "mode", "toxicity", "never measured")


@pytest.fixture(scope="module")
def mixed(nci_smiles: list[str]) -> Evidence:
    """60 molecules in an assay of each kind, with predictions that are right in part."""
    rng = np.random.default_rng(0)
    n = 60
    labels = np.stack(
        [
            rng.integers(0, 2, n),
            rng.normal(50, 20, n),
            rng.normal(6, 1, n),
            rng.integers(0, 3, n),
            rng.integers(0, 3, n),
            np.full(n, np.nan),
        ],
        axis=1,
    ).astype(np.float32)
    labels[rng.random(labels.shape) < 0.2] = np.nan
    bounds = np.zeros(labels.shape, np.int8)
    bounds[:20, 2] = np.where(np.isnan(labels[:20, 2]), 0, rng.choice([-1, 1], 20))
    panel = Panel(
        nci_smiles[:n], None, labels, TASKS, [str(i) for i in range(n)], {}, KINDS, bounds
    )
    columns = columns_of(TASKS, KINDS)
    predictions = rng.random((n, len(columns))).astype(np.float32)
    for task, column in ((1, 1), (2, 2)):
        predictions[:, column] = np.nan_to_num(labels[:, task]) + rng.normal(0, 0.5, n)
    return Evidence(tiny_model(), panel, predictions, n_bootstrap=5)


def test_every_kind_has_a_report() -> None:
    assert set(kind_reports) == set(task_kinds)


def test_a_mixed_panel_tells_of_each_kind(mixed: Evidence) -> None:
    page = model_report(mixed)
    for part in (
        'id="assays"',
        'id="regression"',
        'id="censored"',
        'id="multiclass"',
        'id="ordinal"',
        "% inhibition",
        "antagonist",
        "Mean weighted kappa",
        "Mean concordance",
    ):
        assert part in page, part
    assert page.count("<script>") == 1


@pytest.mark.parametrize("kind", [kind.kind for kind in KINDS[:5]])
def test_a_part_has_the_figures_of_the_whole(mixed: Evidence, kind: str) -> None:
    part = mixed.of_kind(kind)
    assert {each.kind for each in part.panel.kinds} == {kind}
    alone = Evidence(mixed.model, part.panel, part.predictions, n_bootstrap=5).found
    assert part.found.tasks == alone.tasks
    for name, values in alone.values.items():
        np.testing.assert_array_equal(part.found.values[name], values)
    assert part.found.kind_macro[kind] == pytest.approx(alone.kind_macro[kind])
    for task in range(len(part.panel.tasks)):
        judged, columns = part.judged(task), part.panel.kinds[task].columns("")
        assert judged.predictions.shape == (part.found.n_measured[task], len(columns))


def test_a_prediction_beyond_a_bound_is_no_mistake() -> None:
    labels = np.array([5.0, 7.0, 6.0], np.float32)
    predictions = np.array([8.0, 8.0, 8.0], np.float32)
    bounds = np.array([1, -1, 0], np.int8)
    spread = np.std([5, 7, 6])
    expected = np.array([0, 1 / spread, 2 / spread])
    np.testing.assert_allclose(badness(labels, predictions, bounds), expected)


def test_an_assay_without_a_unit_has_none_behind_its_error(nci_smiles: list[str]) -> None:
    labels = np.arange(5, dtype=np.float32)[:, None]
    for unit, expected in (("", "RMSE 0, 5 molecules"), ("nM", "RMSE 0 nM, 5 molecules")):
        panel = Panel(
            nci_smiles[:5], None, labels, ("dose",), ["x"] * 5, {}, (Regression(unit=unit),)
        )
        assert expected in model_report(Evidence(tiny_model(), panel, labels, n_bootstrap=0))


def test_confusion_is_a_share_of_the_measured_class() -> None:
    labels = np.array([0, 0, 1], np.float32)
    chosen = np.eye(3, dtype=np.float32)[[0, 2, 1]]
    expected = np.array([[0.5, 0, 0.5], [0, 1, 0], [0, 0, 0]])
    np.testing.assert_allclose(confusion(labels, chosen), expected)
