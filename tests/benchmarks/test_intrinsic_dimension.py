"""The family of known dimension needs the numbers that it says, and they are found."""

from __future__ import annotations

import pytest

from benchmarks.intrinsic_dimension.family import Family
from bioassay_mtl.training.dimension import DimensionConfig
from bioassay_mtl.training.dimension.search import dimension_of

FAMILY = Family(d=12, k=2, n_tasks=12)


def test_enough_numbers_meet_all_conditions_and_half_of_them_half() -> None:
    alone = FAMILY.score({"form": "single", "coordinates": 12})
    assert alone.min() > 0.95
    half = FAMILY.score({"form": "single", "coordinates": 6})
    assert half.mean() == pytest.approx(0.5, abs=0.15)
    together = {"form": "columns", "coordinates": 2, "shared": 12}
    assert FAMILY.score(together).mean() > 0.98
    assert FAMILY.score(together | {"coordinates": 1}).mean() < 0.8


def test_both_dimensions_are_found_within_a_factor_of_one_and_a_half() -> None:
    config = DimensionConfig(single=(3, 6, 12, 24), coordinates=(1, 2, 4), ratios=(1,))
    tasks = tuple(map(str, range(FAMILY.n_tasks)))
    found = dimension_of("family", tasks, FAMILY.score, config)
    assert found.id == pytest.approx(FAMILY.d, rel=0.33)
    assert found.aid == pytest.approx(FAMILY.aid, rel=0.33)
