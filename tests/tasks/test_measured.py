"""Measured cells, against naive loops over dense arrays."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bioassay_mtl.errors import InputError
from bioassay_mtl.panels import Panel
from bioassay_mtl.tasks import Censored, Regression
from bioassay_mtl.tasks import labels as labels_module
from bioassay_mtl.tasks.measured import MeasuredCells, dense_labels

SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=7)


@st.composite
def dense(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Labels with NaN where not measured, and bounds of some of the measured cells."""
    shape = draw(SHAPES)
    values = draw(hnp.arrays(np.float32, shape, elements=st.sampled_from([0.0, 1.0, -2.5, np.nan])))
    bounds = draw(hnp.arrays(np.int8, shape, elements=st.sampled_from([-1, 0, 0, 1])))
    return values, np.where(np.isnan(values), 0, bounds).astype(np.int8)


@given(dense())
def test_dense_arrays_come_back(given: tuple[np.ndarray, np.ndarray]) -> None:
    labels, bounds = given
    cells = MeasuredCells.from_dense(labels, bounds)
    assert cells.shape == labels.shape
    np.testing.assert_array_equal(cells.dense(), labels)
    np.testing.assert_array_equal(cells.dense_bounds(), bounds)
    np.testing.assert_array_equal(cells.mask(), ~np.isnan(labels))
    np.testing.assert_array_equal(cells.counts, (~np.isnan(labels)).sum(axis=0))
    np.testing.assert_array_equal(cells.per_row, (~np.isnan(labels)).sum(axis=1))
    for value in (0.0, 1.0):
        np.testing.assert_array_equal(cells.counts_of(value), (labels == value).sum(axis=0))
    assert (cells.bound is None) == (not bounds.any())


@given(dense(), st.randoms(use_true_random=False))
def test_cells_in_any_order_are_sorted(given: tuple[np.ndarray, np.ndarray], dice: Any) -> None:
    labels, bounds = given
    rows, tasks = np.nonzero(~np.isnan(labels))
    order = list(range(len(rows)))
    dice.shuffle(order)
    cells = MeasuredCells.of(
        *(part[order] for part in (rows, tasks, labels[rows, tasks], bounds[rows, tasks])),
        shape=labels.shape,
    )
    np.testing.assert_array_equal(cells.dense(), labels)
    np.testing.assert_array_equal(cells.dense_bounds(), bounds)
    np.testing.assert_array_equal(cells.row, np.nonzero(~np.isnan(labels))[0])


@given(dense(), st.data())
def test_rows_tasks_and_columns(given: tuple[np.ndarray, np.ndarray], data: st.DataObject) -> None:
    labels, bounds = given
    cells = MeasuredCells.from_dense(labels, bounds)
    n_rows, n_tasks = labels.shape
    some = st.lists(st.integers(0, max(0, n_rows - 1)), max_size=9 if n_rows else 0)
    rows = np.array(data.draw(some), np.int64)
    np.testing.assert_array_equal(cells.take(rows).dense(), labels[rows])
    np.testing.assert_array_equal(cells.take(rows).dense_bounds(), bounds[rows])
    np.testing.assert_array_equal(cells.dense(rows), labels[rows])
    np.testing.assert_array_equal(cells.dense_bounds(rows), bounds[rows])
    order = data.draw(st.permutations(range(n_tasks)))
    chosen = order[: data.draw(st.integers(0, n_tasks))]
    np.testing.assert_array_equal(cells.select_tasks(chosen).dense(), labels[:, chosen])
    np.testing.assert_array_equal(cells.select_tasks(chosen).dense_bounds(), bounds[:, chosen])
    for task in range(n_tasks):
        measured = np.flatnonzero(~np.isnan(labels[:, task]))
        found = cells.of_task(task)
        np.testing.assert_array_equal(found.rows, measured)
        np.testing.assert_array_equal(found.values, labels[measured, task])
        np.testing.assert_array_equal(cells.value[cells.cells_of(task)], found.values)
        if found.bounds is not None:
            np.testing.assert_array_equal(found.bounds, bounds[measured, task])


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (([0, 0], [1, 1], [1, 0]), "row 0 and task 1 is measured twice"),
        (([0], [2], [1]), "outside of 3 rows x 2 tasks"),
        (([3], [0], [1]), "outside of 3 rows x 2 tasks"),
        (([0], [0], [np.nan]), "NaN is none"),
    ],
)
def test_faults_are_named(cells: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        MeasuredCells.of(*cells, shape=(3, 2))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"task": np.array([0, 1, 0], np.int64)}, "must be .m,. int32"),
        ({"task": np.array([1, 0, 0], np.int32)}, "rise by row and task"),
        ({"task": np.array([0, 0, 0], np.int32)}, "rise by row and task"),
        ({"task": np.array([0, 5, 0], np.int32)}, "2 tasks"),
        ({"offsets": np.array([0, 2, 2])}, "from 0 to 3"),
        ({"offsets": np.array([0, 4, 3])}, "rise by row and task"),
        ({"value": np.zeros(2, np.float32)}, "different lengths"),
    ],
)
def test_arrays_that_are_no_cells_are_refused(changes: dict[str, Any], message: str) -> None:
    cells = MeasuredCells.of([0, 0, 1], [0, 1, 0], [1, 0, 1], shape=(2, 2))
    with pytest.raises(InputError, match=message):
        dataclasses.replace(cells, **changes)


def test_a_panel_of_cells_is_that_of_the_dense_array() -> None:
    labels = np.array([[5, np.nan], [np.nan, 2], [7, 1]], np.float32)
    bounds = np.array([[1, 0], [0, 0], [0, 0]], np.int8)
    kinds = (Censored(), Regression())
    made = Panel(["C", "CC", "CO"], None, labels, ("a", "b"), list("xyz"), {}, kinds, bounds)
    cells = MeasuredCells.of([2, 0, 1, 2], [1, 0, 1, 0], [1, 5, 2, 7], [0, 1, 0, 0], shape=(3, 2))
    panel = Panel(["C", "CC", "CO"], None, cells, ("a", "b"), list("xyz"), {}, kinds)
    np.testing.assert_array_equal(panel.labels, labels)
    np.testing.assert_array_equal(panel.bounds, bounds)
    assert panel.digest() == made.digest()
    with pytest.raises(InputError, match="have their own bounds"):
        Panel(["C", "CC", "CO"], None, cells, ("a", "b"), list("xyz"), {}, kinds, bounds)
    with pytest.raises(ValueError, match="read-only"):
        panel.labels[0, 0] = 1


def test_digests_of_earlier_releases_stay() -> None:
    binary = Panel.from_arrays(["C", "CC"], [[1, -1], [0, 1]], ["a", "b"])
    assert binary.digest() == "58c9c2e0d8ae5be6c6119eef8ecc4c58ddfe2d157c215a0b12bd3c264168dba6"
    mixed = Panel.from_arrays(
        ["C", "CC"], [[1.5, np.nan], [2, 1]], ["a", "b"], kinds=["censored", "regression"],
        bounds=[[1, 0], [0, 0]],
    )  # fmt: skip
    assert mixed.digest() == "a056f5f8891b00273220973da2ece84ffb8e5d26158ba1ec864447406725327b"


def test_a_dense_array_of_too_many_cells_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    panel = Panel.from_arrays(["C", "CC"], [[1, -1], [0, 1]], ["a", "b"])
    dense_digest = panel.digest()
    monkeypatch.setattr("bioassay_mtl.tasks.measured.MOST_CELLS", 3)
    monkeypatch.setattr("bioassay_mtl.panels.panel.MOST_CELLS", 3)
    large = panel.take([0, 1])
    with pytest.raises(InputError, match=r"Panel\.cells"):
        _ = large.labels
    np.testing.assert_array_equal(dense_labels(large.cells, large.kinds, np.array([1])), [[0, 1]])
    assert large.digest() != dense_digest
    assert large.digest() == panel.take([0, 1]).digest() != panel.take([1, 0]).digest()
    assert labels_module.MOST_CELLS > 10**8
