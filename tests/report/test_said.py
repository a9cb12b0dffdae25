"""What stands beside a prediction is said as far as it is known."""

from __future__ import annotations

from typing import Any

import pytest

from bioassay_mtl.report.said import interval, nearness, sentences
from bioassay_mtl.report.wording import brief

ALL = {
    "known": "inactive",
    "low": 0.1,
    "high": 0.4,
    "similarity": 0.351,
    "in_domain": False,
    "nearest_active": 0.5,
    "alerts": "Brenk: stilbene",
    "promiscuity": 3,
}


def test_all_that_is_known_is_said() -> None:
    assert list(sentences(ALL)) == [
        "measured before: inactive",
        "likely 0.100 to 0.400",
        "nearest training molecule: similarity 0.35, outside the domain of the model",
        "nearest known active: similarity 0.50",
        "alerts: Brenk: stilbene",
        "far above the usual in 3 assays",
    ]
    assert list(sentences(ALL, "X"))[:2] == [
        "X: measured before: inactive",
        "X: likely 0.100 to 0.400",
    ]
    assert (interval(ALL), nearness(ALL)) == ("0.100 to 0.400", "0.35 far")


def test_an_interval_has_the_digits_of_the_prediction_in_it() -> None:
    """With two, 0.56 to 0.62 would not hold a prediction of 0.624."""
    assert interval({"low": 0.5604, "high": 0.6254}) == "0.560 to 0.625"
    assert interval({"low": 5.96, "high": 6.34}, brief) == "6.0 to 6.3"
    assert list(sentences({"low": 1.0, "high": 2.5}, "X", brief)) == ["X: likely 1.0 to 2.5"]


@pytest.mark.parametrize("beside", [{}, {"promiscuity": 0, "low": 0.5}, {"in_domain": False}])
def test_what_is_not_known_is_not_said(beside: dict[str, Any]) -> None:
    assert (list(sentences(beside)), interval(beside), nearness(beside)) == ([], "", "")
