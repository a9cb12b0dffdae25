"""Kinds of tasks, and panels that mix them."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from bioassay_mtl.errors import ConfigError, InputError
from bioassay_mtl.panels import Panel
from bioassay_mtl.tasks import Binary, Censored, Multiclass, Ordinal, Regression, TaskKind
from bioassay_mtl.tasks.kinds import columns_of, kind_config, task_kinds

KINDS: tuple[TaskKind, ...] = (
    Binary(),
    Multiclass(classes=("agonist", "antagonist", "neither")),
    Ordinal(classes=("low", "high")),
    Regression(unit="%"),
    Censored(unit="pIC50"),
)
TASKS = ("b", "m", "o", "r", "c")
NAN = np.nan
LABELS = [[1, 2, NAN, -3.5, 5], [0, NAN, 1, NAN, 6.25], [-1, 0, 0, 7, NAN]]
BOUNDS = [[0, 0, 0, 0, -1], [0, 0, 0, 0, 0], [0, 0, 0, 0, 1]]


def mixed(**changes: Any) -> Panel:
    given: dict[str, Any] = {"kinds": KINDS, "bounds": BOUNDS, "labels": LABELS} | changes
    labels = given.pop("labels")
    return Panel.from_arrays(["C", "CC", "CCC"], labels, TASKS, **given)


def test_a_mixed_panel_holds_floats_with_nan_where_nothing_was_measured() -> None:
    panel = mixed()
    assert panel.labels.dtype == np.float32
    np.testing.assert_array_equal(panel.mask.sum(axis=0), [2, 2, 2, 2, 2])
    assert not panel.mask[2, 0]
    np.testing.assert_array_equal(panel.n_actives, [1, 0, 0, 0, 0])
    np.testing.assert_array_equal(panel.n_inactives, [1, 0, 0, 0, 0])
    assert panel.bounds is not None
    np.testing.assert_array_equal(panel.bounds[:, 4], [-1, 0, 0])  # the last was not measured


def test_take_and_select_tasks_keep_kinds_and_bounds() -> None:
    panel = mixed()
    taken = panel.take([2, 0])
    assert taken.kinds == KINDS
    np.testing.assert_array_equal(taken.labels, panel.labels[[2, 0]])
    assert taken.bounds is not None
    np.testing.assert_array_equal(taken.bounds[:, 4], [0, -1])
    chosen = panel.select_tasks(["c", "m"])
    assert chosen.kinds == (KINDS[4], KINDS[1])
    assert chosen.bounds is not None
    np.testing.assert_array_equal(chosen.bounds, panel.bounds[:, [4, 1]])  # type: ignore[index]


def test_the_binary_part_of_a_mixed_panel_is_a_binary_panel() -> None:
    chosen = mixed().select_tasks(["b"])
    alone = Panel.from_arrays(["C", "CC", "CCC"], [1, 0, -1], ["b"])
    assert chosen.labels.dtype == np.int8
    np.testing.assert_array_equal(chosen.labels, alone.labels)
    assert chosen.digest() == alone.digest()


def test_the_digest_knows_kinds_and_bounds() -> None:
    panel = mixed()
    others = [
        panel,
        mixed(bounds=None),
        dataclasses.replace(panel, kinds=(*KINDS[:4], Censored(unit="nM"))),
        mixed(kinds=(*KINDS[:2], Multiclass(classes=("low", "high")), *KINDS[3:])),
    ]
    assert len({other.digest() for other in others}) == len(others)
    assert mixed().digest() == panel.digest()


def test_columns_of_predictions() -> None:
    assert columns_of(TASKS, KINDS) == (
        *("b", "m[agonist]", "m[antagonist]", "m[neither]", "o[low]", "o[high]", "r", "c"),
    )


def test_kinds_by_name() -> None:
    assert set(task_kinds) == {"binary", "multiclass", "ordinal", "regression", "censored"}
    assert kind_config("regression") == Regression()
    assert kind_config({"kind": "ordinal", "classes": ["a", "b"]}) == Ordinal(classes=("a", "b"))
    for kind in KINDS:
        assert kind_config(kind.model_dump(mode="json")) == kind
    with pytest.raises(ConfigError, match="did you mean 'regression'"):
        kind_config("regresion")
    with pytest.raises(ConfigError, match="different names"):
        Multiclass(classes=("a", "a"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kinds": KINDS[:4]}, "4 kinds for 5 tasks"),
        ({"labels": [[2, 0, 0, 0, 0]] * 3}, "binary task 'b' is 0 or 1"),
        ({"labels": [[1, 3, 0, 0, 0]] * 3}, "multiclass task 'm' is the number of a class"),
        ({"labels": [[1, 0.5, 0, 0, 0]] * 3}, "found 0.5"),
        ({"labels": [[1, 1, -1, 0, 0]] * 3}, "ordinal task 'o'"),
        ({"labels": [[1, 1, 1, np.inf, 0]] * 3}, "regression task 'r' is a finite number"),
        ({"bounds": [[1, 0, 0, 0, 0]] * 3}, "binary task 'b' has bounds"),
        ({"bounds": [[0, 0, 0, 0, 2]] * 3}, "a bound is 1"),
        ({"bounds": [[0, 0, 0, 0]] * 3}, "do not fit"),
    ],
)
def test_faults_are_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        mixed(**changes)


def test_a_bound_needs_a_value() -> None:
    panel = mixed()
    with pytest.raises(InputError, match="a bound without a value: row 2, task 'c'"):
        dataclasses.replace(panel, bounds=np.array(BOUNDS, np.int8))
