"""The learning rate of each step."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.optimizer import schedule


def config(kind: str, warmup: float = 0.0) -> TrainingConfig:
    return TrainingConfig.of({"schedule": kind, "warmup": warmup})


@pytest.mark.parametrize("kind", ["cosine", "linear"])
def test_a_falling_rate_ends_at_a_fiftieth(kind: str) -> None:
    assert schedule(config(kind), 100, 100) == pytest.approx(0.02)
    assert schedule(config(kind), 50, 100) == pytest.approx(0.51)
    assert schedule(config(kind), 0, 100) == pytest.approx(1)


@given(
    st.sampled_from(["cosine", "linear", "constant"]),
    st.floats(0, 0.5),
    st.integers(1, 300),
    st.data(),
)
def test_no_step_stands_still_and_none_is_above_the_rate(
    kind: str, warmup: float, n_steps: int, data: st.DataObject
) -> None:
    step = data.draw(st.integers(0, n_steps - 1))
    share = schedule(config(kind, warmup), step, n_steps)
    rise = min(1.0, (step + 1) / max(1.0, warmup * n_steps))
    assert rise * 0.02 <= share * (1 + 1e-12)
    assert share <= 1 + 1e-12
