"""Commands that are killed for real, at changes of their folders and at random times."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.conftest import REPOSITORY

SURVIVED = ": survived"


def kill(verbs: tuple[str, ...], points: int) -> tuple[list[dict[str, Any]], list[str]]:
    """What the benchmark reports and tells, from a process of its own, which it forks."""
    chosen = [word for verb in verbs for word in ("--verb", verb)]
    few = ["--points", str(points), "--random", "1", "--tell"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.robustness.kills", *chosen, *few],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr.splitlines()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("verbs", "points", "moments"),
    [
        (("train", "fetch"), 1, ("after ",)),
        pytest.param(
            ("train", "folds", "ensemble", "tune", "save"),
            3,
            ("state.safetensors", ".report.html", "model.safetensors", "after "),
            marks=pytest.mark.soak,
        ),
    ],
)
def test_a_few_kills_are_survived(
    verbs: tuple[str, ...], points: int, moments: tuple[str, ...]
) -> None:
    """All of them are in the benchmark."""
    lines, told = kill(verbs, points)
    assert [line for line in told if not line.endswith(SURVIVED)] == []
    for moment in moments:
        assert any(moment in line for line in told), moment
    tries = [line["value"] for line in lines if line["metric"] == "kill points"]
    survived = [line["value"] for line in lines if line["metric"] == "survived"]
    assert len(tries) == len(verbs)
    assert survived == tries
    assert all(number > points for number in tries)
