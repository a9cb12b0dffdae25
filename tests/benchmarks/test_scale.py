"""The rate of a screen in parts leaves its start out, and a failed command is no figure."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from benchmarks.scale.running import size, steady_rate, watched


def test_steady_rate(tmp_path: Path) -> None:
    (tmp_path / "receipts").mkdir()
    for number, (ends, rows) in enumerate([(100, 500), (101, 30), (104, 10)]):
        path = tmp_path / "receipts" / f"part-{number}.json"
        path.write_text(json.dumps({"rows": rows}))
        os.utime(path, (ends, ends))
    assert steady_rate(tmp_path) == pytest.approx(40 / 4)
    assert size(tmp_path) == sum(len(json.dumps({"rows": rows})) for rows in (500, 30, 10))


def test_what_a_command_takes() -> None:
    took = watched(["--version"], 1)
    assert took.seconds > 0
    assert took.largest >= 0
    with pytest.raises(RuntimeError, match="no-such-verb"):
        watched(["no-such-verb"], 1)
