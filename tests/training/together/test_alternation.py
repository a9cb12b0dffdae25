"""Whose batch comes next."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioassay_mtl.training.together.alternation import order_of_a_round, steps_of_a_round
from bioassay_mtl.training.together.settings import Alternation

batches = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 40), min_size=2)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("proportional", (100, 4)), ("square_root", (87, 17)), ("equal", (52, 52))],
)
def test_rules_deal_a_round_of_one_size(rule: Alternation, expected: tuple[int, int]) -> None:
    assert (*steps_of_a_round({"large": 100, "small": 4}, rule).values(),) == expected


@given(batches)
def test_each_step_comes_once_in_its_order_and_spread(steps: dict[str, int]) -> None:
    order = order_of_a_round(steps)
    for name, n in steps.items():
        assert [number for panel, number in order if panel == name] == [*range(n)]
        places = [place for place, (panel, _) in enumerate(order) if panel == name]
        gaps = [b - a for a, b in pairwise(places)]
        assert max(gaps, default=0) <= len(order) / n + len(steps)
