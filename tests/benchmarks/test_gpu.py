"""The time that a GPU is lent for is kept, and a stage that fails does not take others with it."""

from __future__ import annotations

import argparse
import json
from typing import Any

import pytest

from benchmarks.gpu import MINUTES, OUT_OF_TIME, Stage, run, stages

WAITING = "print(1, flush=True); import time; time.sleep(60)"


def test_stages_fit_into_the_time() -> None:
    options = argparse.Namespace(quick=False, device="cuda", data=None, out="results")
    found = list(stages(options))
    assert sum(stage.minutes for stage in found) <= MINUTES
    assert len({stage.name for stage in found}) == len(found)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("timeit", "-n1", "-r1", "-s", "print(1)"), 0, "1"),
        (("no_such_stage",), 1, ""),
        (("timeit", "-n1", "-r1", WAITING), OUT_OF_TIME, "1"),
    ],
)
def test_what_a_stage_says_is_kept(words: tuple[str, ...], code: int, said: str) -> None:
    kept: list[str] = []
    seconds = 3 if code == OUT_OF_TIME else 60
    assert run(Stage("trial", words, 1), seconds, kept.append) == code
    assert kept[0].startswith(said)
    lines: list[dict[str, Any]] = [json.loads(text) for text in kept[1:]]
    assert [(line["metric"], line["case"]) for line in lines] == [
        ("exit_code", "trial"),
        ("wall_time", "trial"),
    ]
    assert lines[0]["value"] == code
