"""Numbers as people read them."""

from __future__ import annotations

import math

import pytest

from bioassay_mtl.report.wording import brief, interval, number, percent, shortened, signed


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.000123, "0.00012"), (1, "1.0"), (18.3, "18"), (1234.5, "1,234"), (-0.5, "−0.50")],
)
def test_brief_has_about_two_digits(value: float, text: str) -> None:
    assert brief(value) == text


def test_what_is_not_defined_is_a_dash() -> None:
    for nothing in (math.nan, math.inf):
        assert [number(nothing), brief(nothing), percent(nothing)] == ["–"] * 3
    assert interval(math.nan, 1) == ""


def test_a_difference_has_its_sign() -> None:
    assert [signed(each) for each in (0.8126, -0.8126, 0, -1e-9)] == [
        "+0.813",
        "−0.813",
        "+0.000",
        "+0.000",
    ]
    assert signed(math.nan) == "–"


def test_words() -> None:
    assert percent(0.0141) == "1.4 %"
    assert interval(0.794, 0.84) == "0.79–0.84"
    assert interval(-0.146, 0.258) == "−0.15 to 0.26"
    assert shortened("abcdef", 4) == "abc…"
