"""What a screen's report gathers, and the page that it makes."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bioassay_mtl.models.assay_sheet import Described
from bioassay_mtl.models.sheet_making import sheet_of
from bioassay_mtl.report import ScreenTally, screen_report, screen_tally
from bioassay_mtl.report.histogram import ProbabilityHistogram, ValueHistogram
from bioassay_mtl.report.tally import Predicted
from bioassay_mtl.report.wording import brief
from bioassay_mtl.screening.batch import ScreenedBatch
from bioassay_mtl.screening.options import ScreenOptions
from bioassay_mtl.screening.pipeline import screen
from bioassay_mtl.screening.summary import ScreenSummary
from tests.report.conftest import HOSTILE
from tests.screening.tiny_model import TASKS, tiny_model


def nci_screen(
    smiles: list[str], folder: Path, **options: object
) -> tuple[ScreenSummary, ScreenTally]:
    """A real screen of some SMILES, watched."""
    source = folder / "library.smi"
    source.write_text("".join(f"{s} id{n}\n" for n, s in enumerate(smiles)))
    model, settings = tiny_model(), ScreenOptions.of({"workers": 1, "batch_size": 16, **options})
    tally = screen_tally(model, settings)
    summary = screen([source], model, folder / "out.csv", settings, watch=[tally.add])
    return summary, tally


def test_counts_are_those_of_the_output(nci_smiles: list[str], tmp_path: Path) -> None:
    smiles = [*nci_smiles[:60], "no molecule"]
    _, tally = nci_screen(smiles, tmp_path)
    table = tiny_model().predict(smiles)
    p = table.loc[table["status"] == "ok", list(TASKS)].to_numpy()
    assert tally.n_ok == len(p)
    np.testing.assert_array_equal(tally.above[:, 0], (p >= 0.5).sum(axis=0))
    np.testing.assert_array_equal(tally.above[:, 1], (p >= 0.9).sum(axis=0))
    np.testing.assert_array_equal(tally.telling, (p >= 10 * tally.shares).sum(axis=0))
    assert tally.rows_above == (p >= 0.5).any(axis=1).sum()
    np.testing.assert_array_equal(tally.probabilities.counts.sum(axis=1), len(p))
    for column, best in enumerate(tally.best):
        assert best is not None
        assert best.value == p[:, column].max()
        assert best.id == f"id{table.index[table[TASKS[column]] == best.value][0]}"


def test_hits_keep_their_own_predictions(nci_smiles: list[str], tmp_path: Path) -> None:
    smiles = nci_smiles[:80]
    _, tally = nci_screen(smiles, tmp_path)
    table = tiny_model().predict(smiles)
    hits = tally.hits(known=False)
    assert len(hits) == 12
    for hit, predictions in hits:
        expected = table.loc[hit.row - 1, list(TASKS)].to_numpy(dtype=np.float32)
        np.testing.assert_array_equal(predictions, expected)
        assert hit.smiles == smiles[hit.row - 1]
    assert len(tally._predictions) == 12  # memory does not grow


def test_known_molecules_stand_apart_from_new_ones() -> None:
    tally = ScreenTally([Predicted("b", "b", False, np.nan), Predicted("a", "a", True, 0.01)])
    values = np.array([[7, 0.9], [8, 0.8], [9, 0.7]], np.float32)
    beside: dict[str, Any] = {
        "similarity": np.array([1, 0.5, 0.25], np.float32),
        "in_domain": np.array([1, 1, 0], np.int8),
        "alerts": np.array(["", "PAINS: catechol_A", ""], object),
        "known": np.array([["", "active"], ["", ""], ["", ""]], object),
        "low": np.array([[1, 0.1], [2, 0.2], [3, 0.3]], np.float32),
        "high": np.array([[4, 0.4], [5, 0.5], [6, 0.6]], np.float32),
    }
    known = np.array([True, False, False])
    screened = replace(batch(values), in_training=known, beside=beside)
    tally.add(replace(screened, ids=["old", "new", "far"]))
    assert [hit.id for hit, _ in tally.hits(known=True)] == ["old"]
    assert [hit.id for hit, _ in tally.hits(known=False)] == ["new", "far"]
    new, old = screen_report(summary_of(3, {"ok": 3}, 2), tally).split('id="known"')
    new = new.split('id="hits"')[1]
    assert "PAINS: catechol_A" in new
    assert "a: likely 0.200 to 0.500" in new
    assert "similarity 0.25, outside the domain of the model" in new
    assert "a: measured before: active" not in new
    assert "a: measured before: active" in old


def test_chosen_assays_alone_are_told_of(nci_smiles: list[str], tmp_path: Path) -> None:
    summary, tally = nci_screen(nci_smiles[:20], tmp_path, assays=("PCBA-400", "PCBA-2"))
    page = screen_report(summary, tally)
    assert [column.name for column in tally.columns] == ["PCBA-400", "PCBA-2"]
    assert "PCBA-31" not in page


def batch(values: np.ndarray, smiles: str = "C") -> ScreenedBatch:
    n = len(values)
    names = [HOSTILE] * n
    return ScreenedBatch(1, "x", names, [smiles] * n, np.zeros(n, np.uint8), values)


def summary_of(n: int, statuses: dict[str, int], assays: int) -> ScreenSummary:
    return ScreenSummary(HOSTILE, [HOSTILE], HOSTILE, n, statuses, assays, {"total": 1.0})


def test_what_is_given_is_escaped() -> None:
    tally = ScreenTally([Predicted(HOSTILE, HOSTILE, True, 0.01)])
    tally.add(batch(np.array([[0.9]], np.float32), smiles=HOSTILE))
    page = screen_report(summary_of(1, {"ok": 1}, 1), tally)
    assert page.count("<script>") == 1
    assert page.count("&lt;script&gt;document.title") >= 6


def test_a_screen_without_a_molecule_is_told() -> None:
    tally = ScreenTally([Predicted("a", "a", True, 0.01), Predicted("b", "b", False, np.nan)])
    page = screen_report(summary_of(3, {"invalid_smiles": 3}, 2), tally)
    assert "No record could be predicted" in page
    assert "invalid_smiles" in page


def test_values_are_told_with_their_unit() -> None:
    tally = ScreenTally([Predicted("b", "b", False, np.nan, unit="pIC50")])
    tally.add(batch(np.array([[5.5], [7.25]], np.float32)))
    page = screen_report(summary_of(2, {"ok": 2}, 1), tally)
    assert "pIC50" in page
    assert "7.2" in page


def test_values_reach_from_the_smallest_to_the_largest() -> None:
    tally = ScreenTally([Predicted("b", "b", False, np.nan)])
    for values in ([[5.5], [7.25]], [[-3.125], [30.5]], [[1.0], [2.0]]):
        tally.add(batch(np.array(values, np.float32)))
    page = screen_report(summary_of(6, {"ok": 6}, 1), tally)
    assert f"{brief(-3.125)} to {brief(30.5)}" in page


def test_a_class_is_neither_an_assay_nor_active() -> None:
    classes = [Predicted(f"cls[{c}]", "cls", True, np.nan, is_class=True) for c in ("red", "blue")]
    tally = ScreenTally([*classes, Predicted("toxic", "toxic", True, 0.01)])
    tally.add(batch(np.array([[0.9, 0.1, 0.6], [0.95, 0.05, 0.2]], np.float32)))
    page = screen_report(summary_of(2, {"ok": 2}, 2), tally)
    assert tally.rows_above == 1
    assert "toxic has most of them, 1." in page
    assert "1 molecule likely active in some assay" in page
    outcomes, of_classes = page.split("<h3>Classes</h3>")
    assert "toxic" in outcomes
    assert "cls[red]" not in outcomes.split("Predictions in each assay")[1]
    assert "cls[red]" in of_classes
    unlikely = ScreenTally([*classes, Predicted("toxic", "toxic", True, 0.01)])
    unlikely.add(batch(np.array([[0.9, 0.1, 0.2]], np.float32)))
    told = screen_report(summary_of(1, {"ok": 1}, 2), unlikely)
    assert "No probability of being active reaches 0.5" in told
    alone = ScreenTally(classes)
    alone.add(batch(np.array([[0.9, 0.1]], np.float32)))
    assert "active" not in screen_report(summary_of(1, {"ok": 1}, 1), alone).split("<main")[-1]


def test_ten_thousand_assays_fit_in_a_page() -> None:
    rng = np.random.default_rng(0)
    names = [f"CHEMBL{n} {HOSTILE}" for n in range(10_000)]
    tally = ScreenTally([Predicted(name, name, True, 0.01) for name in names])
    tally.add(batch(rng.random((50, 10_000)).astype(np.float32)))
    page = screen_report(summary_of(50, {"ok": 50}, 10_000), tally)
    assert page.count("<tr>") > 10_000
    assert len(page.encode()) < 4_000_000


@given(
    arrays(
        np.float32, st.tuples(st.integers(1, 30), st.just(3)), elements=st.floats(0, 1, width=32)
    )
)
def test_every_probability_is_in_the_bin_of_its_size(values: np.ndarray) -> None:
    histogram = ProbabilityHistogram(3)
    for part in np.array_split(values, 2):
        histogram.add(part)
    for column, counts in enumerate(histogram.counts):
        inside = np.clip(values[:, column].astype(np.float64), 1.0001e-4, 0.99999)
        bounds = histogram.edges * (1 + 1e-6)
        low = np.cumsum(counts)
        exact = np.searchsorted(np.sort(inside), bounds[1:], side="right")
        assert (
            np.abs(low - exact).max() <= np.isclose(inside[:, None], bounds[None], rtol=1e-5).sum()
        )
        assert low[-1] == len(values)


@given(
    st.lists(
        arrays(np.float32, st.integers(1, 8), elements=st.floats(-1e6, 1e6, width=32)),
        min_size=1,
        max_size=6,
    )
)
def test_a_range_grows_and_loses_nothing(parts: list[np.ndarray]) -> None:
    histogram = ValueHistogram(1)
    for part in parts:
        histogram.add(part[:, None])
    values = np.concatenate(parts).astype(np.float64)
    assert histogram.counts.sum() == len(values)
    low, width = float(histogram.low[0]), float(histogram.width[0])
    margin = 1e-4 * (abs(low) + 40 * width)
    assert values.min() >= low - margin
    assert values.max() <= low + 40 * width + margin
    middle = low + (np.arange(40) + 0.5) * width
    mean = float((histogram.counts[0] * middle).sum() / len(values))
    assert mean == pytest.approx(values.mean(), abs=width + margin)


def test_assays_are_called_by_name_and_graded(nci_smiles: list[str], tmp_path: Path) -> None:
    source = tmp_path / "library.smi"
    source.write_text("\n".join(nci_smiles[:30]))
    model, settings = tiny_model(), ScreenOptions(workers=1)
    row = {"task": TASKS[0], "n_actives": 50, "n_inactives": 50, "roc_auc": 1.0}
    metrics = {"test": {"tasks": [row | {"average_precision": 1.0}]}}
    known = {task: Described(name=f"Assay <{n}>") for n, task in enumerate(TASKS)}
    model.beside["assays"] = sheet_of(model, metrics, known)
    tally = screen_tally(model, settings)
    page = screen_report(
        screen([source], model, tmp_path / "out.csv", settings, watch=[tally.add]), tally
    )
    assert '<td class="text word">Assay &lt;0&gt;<td class="text word">usable<' in page
    assert re.search(r'<p>PCBA-\d+ <span class="note">Assay &lt;\d&gt;', page)
