"""Values that an assay cannot have."""

from __future__ import annotations

import numpy as np
import pytest

from bioassay_mtl.errors import InputError
from bioassay_mtl.tasks.kinds import TaskKind, kind_config
from bioassay_mtl.tasks.limits import NO_LIMITS, Limits, value_limits
from bioassay_mtl.tasks.measured import MeasuredCells

NOTHING_BELOW_0 = (0.0, np.inf)


@pytest.mark.parametrize(
    ("name", "unit", "limits"),
    [
        ("EGFR IC50", "nM", NOTHING_BELOW_0),
        ("solubility", "mg/L", NOTHING_BELOW_0),
        ("Ki", "", NOTHING_BELOW_0),
        ("half-life", "h", NOTHING_BELOW_0),
        ("t1/2", "min", NOTHING_BELOW_0),
        ("plasma protein binding", "%", (0.0, 100.0)),
        ("inhibition", "%", NO_LIMITS),
        ("pIC50", "p", NO_LIMITS),
        ("pIC50", "", NO_LIMITS),
        ("log Ki", "nM", NO_LIMITS),
        ("logD", "", NO_LIMITS),
        ("change of IC50", "nM", NO_LIMITS),
        ("delta solubility", "mg/L", NO_LIMITS),
        ("affinity", "kcal/mol", NO_LIMITS),
    ],
)
def test_name_and_unit_tell(name: str, unit: str, limits: tuple[float, float]) -> None:
    assert value_limits(name, unit) == limits


def cells_of(values: list[float]) -> MeasuredCells:
    return MeasuredCells.from_dense(np.array(values, np.float32)[:, None])


def kinds(*names: str) -> tuple[TaskKind, ...]:
    return tuple(kind_config({"kind": name, "unit": "nM"}) for name in names)


def test_what_was_measured_beyond_it_lifts_the_rule() -> None:
    found = Limits.of(["IC50"], kinds("regression"), cells_of([3.0, 0.0, 9.0]))
    assert found is not None
    assert (found.low[0], found.high[0]) == NOTHING_BELOW_0
    assert Limits.of(["IC50"], kinds("regression"), cells_of([3.0, -0.1])) is None


def test_users_say_otherwise() -> None:
    given = {"signal": (-5.0, 7.0)}
    found = Limits.of(["signal"], [kind_config("regression")], cells_of([-5.0, 7.0]), given)
    assert found is not None
    assert (found.low[0], found.high[0]) == (-5, 7)
    assert found.words(["signal"]) == ["signal at least -5 and at most 7"]
    with pytest.raises(InputError, match="most that 'signal' can be is given as 7, and 8 was"):
        Limits.of(["signal"], [kind_config("regression")], cells_of([8.0]), given)


def test_outcomes_have_none_and_missing_stays_missing() -> None:
    both = (kind_config("binary"), *kinds("censored"))
    found = Limits.of(["Ki", "IC50"], both)
    assert found is not None
    clipped = found.clip(np.array([[0.2, -124.0], [np.nan, np.nan]], np.float32), both)
    assert clipped[0].tolist() == [np.float32(0.2), 0.0]
    assert np.isnan(clipped[1]).all()
