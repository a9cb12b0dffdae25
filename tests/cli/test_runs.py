"""Trainings at a time: as many as are asked for, and experts of one model by the processor's."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from bioassay_mtl.cli.runs import AT_ONCE, jobs_for
from bioassay_mtl.errors import ConfigError
from tests.cli.conftest import Run
from tests.training.conftest import small_config
from tests.training.test_stacked import stacked_config


@pytest.mark.parametrize(
    ("config", "models", "asked", "n"),
    [
        (stacked_config(), 1, None, 3),
        (stacked_config(), 1, 2, 2),
        (stacked_config(), 5, None, 1),
        (stacked_config(devices=2), 1, None, 1),
        (small_config(), 1, None, 1),
        (small_config(), 5, 2, 2),
        (small_config(), 1, 1, 1),
    ],
)
def test_trainings_at_a_time(
    monkeypatch: pytest.MonkeyPatch, config: Any, models: int, asked: int | None, n: int
) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    assert jobs_for(config, models, asked) == n
    monkeypatch.setattr(torch, "get_num_threads", lambda: 64)
    assert jobs_for(config, models, asked) == (AT_ONCE if n == 3 else n)


def test_several_of_one_training_are_refused(cli: Run) -> None:
    with pytest.raises(ConfigError, match="needs several trainings"):
        jobs_for(small_config(), 1, 2)
    done = cli("train", "a.csv", "b.csv", "--together", "--jobs", 2, "--out", "c")
    assert done.code == 2
    assert "--jobs" in done.err
