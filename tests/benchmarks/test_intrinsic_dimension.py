"""The family of known dimension needs the numbers that it says; parts of the study do as told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks.intrinsic_dimension.family import Family
from benchmarks.intrinsic_dimension.new_assays import MOST, drawn
from benchmarks.intrinsic_dimension.table import TABLES
from bioassay_mtl.panels import Panel
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


@pytest.mark.parametrize("m", [20, 100])
def test_molecules_of_a_new_assay_have_both_outcomes_and_others_are_ranked(m: int) -> None:
    labels = np.full((900, 1), -1, dtype=np.int8)
    labels[::3] = 0
    labels[::90] = 1
    names = [f"{'C' * (1 + row)}O" for row in range(len(labels))]
    parts = drawn(Panel(names, None, labels, ("new",), names), m, seed=1)
    assert parts is not None
    assert len(parts.train) == m
    assert set(labels[parts.train, 0]) == {0, 1}
    assert not np.intersect1d(parts.train, parts.test).size
    assert len(parts.test) == min(300 - m, MOST)
    assert (labels[parts.test] >= 0).all()


def test_tables_say_what_pieces_have_found() -> None:
    group = {"name": "all assays", "tasks": ["a", "b"], "single_ids": [8.0, None]}
    found: list[dict[str, Any]] = [
        {"piece": "d", "panel": "p", "rows": 1_000, "seeds": 2}
        | {"groups": [group | {"aid": 4.0, "id": 16.0, "mean_id": 8.0}]},
        {"piece": "n", "panel": "p", "draw": 0}
        | {"results": [{"assay": "a", "m": 20, "roc_auc": {"forest": 0.7, "adapt": 0.75}}]},
    ]
    said = {title: [" | ".join(row) for row in of(found)] for title, (_, of) in TABLES.items()}
    assert said["Numbers an assay"] == ["p, all assays | 2 | 1,000 | 2 | 4 | 16 | 0.25 | 8 (of 1)"]
    assert any("adapt | 0.750 | +0.050 |" in row for row in said["New assays"])
    assert said["Small models"] == []
