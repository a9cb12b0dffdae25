"""Two-step balancing through a whole training run: the same again, and the same after a kill."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.training import train
from tests.training.conftest import small_config
from tests.training.test_fit import same
from tests.training.test_resume import Killed

TWO_STEP: list[dict[str, Any]] = [
    {"scope": "task", "order": 2},
    {"scope": "all", "tasks_per_step": 2, "task_sampling": "actives", "inner_learning_rate": 0.1},
]


@pytest.mark.parametrize("settings", TWO_STEP)
@pytest.mark.parametrize("precision", ["float32", pytest.param("bfloat16", marks=pytest.mark.soak)])
@pytest.mark.cases(1)
def test_training_learns_repeats_itself_and_resumes(
    small_panel: Panel, tmp_path: Path, settings: dict[str, Any], precision: str
) -> None:
    config = small_config(balance={"kind": "two_step", **settings}, precision=precision)
    whole = train(small_panel, config)
    losses = [epoch["loss"] for epoch in whole.training["history"]]
    assert losses[-1] < 0.9 * losses[0]
    assert not same(whole, train(small_panel, small_config(precision=precision)))
    assert same(whole, train(small_panel, config))

    def stop(record: Any) -> None:
        if record["epoch"] == 2:
            raise Killed

    with pytest.raises(Killed):
        train(small_panel, config, out=tmp_path / "model", progress=stop)
    assert same(whole, train(small_panel, config, out=tmp_path / "model", resume=True))
