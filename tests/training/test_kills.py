"""Commands that are killed for real, at changes of their folders and at random times."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.conftest import REPOSITORY


def kill(*options: object) -> tuple[list[dict[str, Any]], str]:
    """What the benchmark reports, from a process of its own, which it forks."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.robustness.kills", *map(str, options)],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("verbs", "n_points"),
    [
        (("train", "folds"), 6),
        (("ensemble", "tune"), 5),
        (("save", "save over another", "fetch"), 99),
    ],
)
def test_every_kill_is_survived(verbs: tuple[str, ...], n_points: int) -> None:
    options = [word for verb in verbs for word in ("--verb", verb)]
    lines, faults = kill(*options, "--points", n_points, "--random", 2)
    assert faults == ""
    tries = [line["value"] for line in lines if line["metric"] == "kill points"]
    survived = [line["value"] for line in lines if line["metric"] == "survived"]
    assert len(tries) == len(verbs)
    assert survived == tries
    assert all(number >= min(n_points, 8) + 2 for number in tries)


@pytest.mark.slow
def test_a_kill_while_the_report_is_written() -> None:
    lines, faults = kill("--verb", "train", "--at", "report.html", "--random", 0)
    assert faults == ""
    assert lines[0]["value"] >= 2
