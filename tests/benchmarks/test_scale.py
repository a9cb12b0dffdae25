"""Screens of many rows go on after a kill, and what they took is told from their own logs."""

from __future__ import annotations

import json
import os
from argparse import Namespace
from pathlib import Path

import pytest

from benchmarks.harness import running
from benchmarks.harness.running import Sample, library, size, steady_rate, watched
from benchmarks.scale.cost import PART_ROWS, Stages, cost
from benchmarks.scale.long_run import attempts, reached

STAGES = Stages(1e-6, 600e-6, 100e-6, 50e-6, 20e-6, 5.0, 500)


def test_steady_rate(tmp_path: Path) -> None:
    (tmp_path / "receipts").mkdir()
    for number, (ends, rows) in enumerate([(100, 500), (101, 30), (104, 10)]):
        path = tmp_path / "receipts" / f"part-{number}.json"
        path.write_text(json.dumps({"rows": rows}))
        os.utime(path, (ends, ends))
    assert steady_rate(tmp_path) == pytest.approx(40 / 4)
    assert size(tmp_path) == sum(len(json.dumps({"rows": rows})) for rows in (500, 30, 10))


def test_what_a_command_takes() -> None:
    seen: list[Sample] = []
    took = watched(["--version"], 1, seen.append)
    assert took.seconds > 0
    assert took.largest >= 0
    assert "bioassay-mtl" in took.said
    assert all(sample.processor <= took.processor for sample in seen)
    with pytest.raises(RuntimeError, match="no-such-verb"):
        watched(["no-such-verb"], 1)


def test_a_screen_can_be_watched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though the command refuses a table that is there."""

    def refusing(words: list[str], every: float) -> None:
        Path(words[words.index("-o") + 1]).touch(exist_ok=False)

    monkeypatch.setattr(running, "watched", refusing)
    for _ in range(2):
        running.screened(tmp_path / "molecules.smi")


def test_library_is_made_once_and_has_names_of_its_own(tmp_path: Path) -> None:
    path = library(tmp_path / "molecules.smi", ["C", "CC"], 5)
    assert path.read_text() == "C M1\nCC M2\nC M3\nCC M4\nC M5\n"
    path.write_text("C M1\n")
    assert library(path, ["C"], 5).read_text() == "C M1\n"


def test_what_a_killed_screen_has_reached(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    receipts = tmp_path / "screened" / "receipts"
    receipts.mkdir(parents=True)
    for number in range(5):
        (receipts / f"part-{number}.json").write_text('{"rows": 100, "bytes": 4000}')
    log = [(1, 0, 5, 9, 50), (1, 1, 9, 15, 80), (1, 3, 20, 35, 90), (2, 3, 4, 6, 40)]
    log += [(2, 4, 8, 14, 81), (2, 5, 12, 20, 85)]
    names = ("attempt", "parts", "seconds", "processor")
    lines = [
        json.dumps(dict(zip(names, line[:4], strict=True)) | {"megabytes": [line[4], 3]})
        for line in log
    ]
    (tmp_path / "log.jsonl").write_text("\n".join([*lines, '{"attempt": 2, "pa']))
    assert [len(samples) for samples in attempts(tmp_path)] == [3, 3]
    reached(tmp_path, [], Namespace(rows=900, part_rows=100))
    found = {each["metric"]: each for each in map(json.loads, capsys.readouterr().out.splitlines())}
    assert "500 done" in found["processor"]["case"]
    # Three parts between ends of parts, in 20 and 6 seconds of processors, 11 and 4 of the clock.
    assert found["processor"]["value"] == pytest.approx(26 / 300 * 1000, abs=1e-3)
    assert found["steady"]["value"] == pytest.approx(300 / 15)
    assert found["attempts"]["value"] == 2
    assert found["largest_process"]["value"] == 90
    assert found["on_disk"]["value"] == 40


def test_cost_of_very_many_molecules() -> None:
    here = cost(STAGES, 64)
    parts = -(-(10**9) // PART_ROWS)
    waves = -(-parts // 8)
    assert here["screening"] * 3600 == pytest.approx(waves * PART_ROWS * 750e-6 / 8 + 5)
    assert here["core_hours"] == pytest.approx(64 * here["screening"])
    assert here["total"] == pytest.approx(here["cutting"] + here["screening"] + here["joining"])
    assert here["terabytes"] == pytest.approx(0.5)
    more = cost(STAGES, 1024)
    assert here["screening"] / 17 < more["screening"] < here["screening"] / 15
    assert more["joining"] == here["joining"]


def test_gpus_take_the_predicting() -> None:
    assert cost(STAGES, 128, 8)["screening"] < cost(STAGES, 128)["screening"]
