"""Splits by date."""

from __future__ import annotations

import dataclasses
import logging
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioassay_mtl.chem.features import PackedBits
from bioassay_mtl.errors import ConfigError, InputError
from bioassay_mtl.panels import Panel
from bioassay_mtl.splits import split
from bioassay_mtl.tables.dates import points_in_time


def dated(values: list[str], molecules: list[int] | None = None) -> Panel:
    rows = np.arange(len(values)) if molecules is None else np.array(molecules)
    packed = np.stack([rows // 256, rows % 256], axis=1).astype(np.uint8)
    panel = Panel.from_arrays(PackedBits(packed, 16), np.zeros(len(values)), ["x"])
    return dataclasses.replace(panel, columns={"when": values})


def test_oldest_to_train_and_newest_to_test() -> None:
    days = [f"2020-01-{day:02}" for day in (5, 1, 9, 10, 2, 8, 3, 4, 7, 6)]
    result = split(dated(days), kind="time", column="when")
    assert [days[row] for row in result.test] == ["2020-01-10"]
    assert [days[row] for row in result.valid] == ["2020-01-09"]
    assert result.left_out == 0


def test_cuts_are_where_dates_meet() -> None:
    years = ["2001"] * 70 + ["2002"] * 15 + ["2003"] * 15
    result = split(dated(years), kind="time", column="when")
    assert [len(p) for p in (result.train, result.valid, result.test)] == [70, 15, 15]
    result = split(dated(years), kind="time", column="when", fractions=(0.8, 0, 0.2))
    assert [len(p) for p in (result.train, result.valid, result.test)] == [85, 0, 15]


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(1990, 2000)), min_size=1, max_size=60),
    st.sampled_from([(0.8, 0.1, 0.1), (0.7, 0.0, 0.3), (1.0, 0.0, 0.0)]),
)
def test_any_dates(rows: list[tuple[int, int]], fractions: tuple[float, float, float]) -> None:
    molecules, years = [m for m, _ in rows], [y for _, y in rows]
    panel = dated([str(y) for y in years], molecules)
    first = {m: min(y for n, y in rows if n == m) for m in molecules}
    n_used = sum(fraction > 0 for fraction in fractions)
    if len(set(first.values())) < n_used:
        with pytest.raises(InputError, match="need as many dates"):
            split(panel, kind="time", column="when", fractions=fractions)
        return
    result = split(panel, kind="time", column="when", fractions=fractions)
    parts = [result.train, result.valid, result.test]
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(len(panel)))
    found = [[first[molecules[row]] for row in part] for part in parts]
    filled = [dates for dates in found if dates]
    assert len(filled) == n_used
    assert all(max(a) < min(b) for a, b in pairwise(filled))


def test_rows_without_a_date_are_left_out(caplog: pytest.LogCaptureFixture) -> None:
    panel = dated(["2001", "2002", "", "2003", "NA", "nan", ""], [0, 1, 2, 3, 4, 5, 0])
    with caplog.at_level(logging.WARNING):
        result = split(panel, kind="time", column="when", fractions=(0.4, 0.3, 0.3))
    assert [p.tolist() for p in (result.train, result.valid, result.test)] == [[0, 6], [1], [3]]
    assert "without a date: 3 rows" in caplog.text


def test_notations() -> None:
    written = ["2020", "2020-01-02", "2020-01-02T12:00", "2020-01-02 13:00:00", "2020-02"]
    points = points_in_time(written, "when")
    assert (np.diff(points) > 0).all()
    zoned = points_in_time(["2020-01-02T12:00:00+02:00", "2020-01-02T10:00Z"], "when")
    assert zoned[0] == zoned[1]
    np.testing.assert_array_equal(points_in_time(["-1.5", "", "1e3"], "x"), [-1.5, np.nan, 1000])


@pytest.mark.parametrize(
    "wrong", ["31/01/2020", "2020-13", "2020-02-30", "yesterday", "inf", "1.5"]
)
def test_what_is_no_date(wrong: str) -> None:
    with pytest.raises(InputError, match=r"column 'when': .* in row 1 is no date"):
        points_in_time(["2020-01-01", wrong], "when")


def test_faults() -> None:
    panel = dated(["2001", "2001", "2002"])
    with pytest.raises(InputError, match="3 subsets need as many dates, found 2"):
        split(panel, kind="time", column="when")
    with pytest.raises(ConfigError, match="did you mean 'when'"):
        split(panel, kind="time", column="whem")
    with pytest.raises(ConfigError, match="needs its column"):
        split(panel, kind="time")
