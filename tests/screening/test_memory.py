"""Memory of a whole screen, its processes together: under a gigabyte whatever the input."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

MOST = 900_000_000
TOP = ["--format", "parquet", "--top", "1000", "--assays", "PCBA-1030"]
SOAK = pytest.mark.soak
HELD = Path("/proc/self/smaps_rollup")


def family(pid: int) -> Iterator[int]:
    """A process and all below it."""
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            yield from family(int(child))


def held_bytes(pid: int) -> int:
    """Memory of a process and all below it; what several share counts once."""
    total = 0
    with suppress(OSError):  # one has just ended
        for each in family(pid):
            text = Path(f"/proc/{each}/smaps_rollup").read_text()
            total += 1024 * int(text.partition("\nPss:")[2].split()[0])
    return total


def screened(path: Path, *options: str) -> tuple[int, int]:
    """Exit code of a screen, and the most memory that was seen."""
    command = [sys.executable, "-m", "bioassay_mtl", "screen", str(path), "--workers", "2"]
    peak = 0
    with subprocess.Popen([*command, *options], stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max(peak, held_bytes(process.pid))
            time.sleep(0.02)
    return process.returncode, peak


@pytest.mark.slow
@pytest.mark.skipif(not HELD.exists(), reason="the system does not say what processes hold")
@pytest.mark.parametrize(
    ("n", "length", "options"),
    [
        pytest.param(200, 1_000_000, ["--format", "csv"], id="csv", marks=SOAK),
        pytest.param(350, 1_000_000, ["--format", "parquet"], id="parquet", marks=SOAK),
        pytest.param(450, 1_000_000, TOP, id="top", marks=SOAK),
        pytest.param(2, 1_900_000, ["--format", "csv", "--long"], id="long csv", marks=SOAK),
        pytest.param(2, 1_900_000, ["--format", "parquet", "--long"], id="long parquet"),
    ],
)
@pytest.mark.soak
def test_long_names_take_no_gigabyte(
    n: int, length: int, options: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "names.smi"
    with path.open("w") as file:
        file.writelines(f"{'C' * (1 + row % 40)}O {'n' * length}{row}\n" for row in range(n))
    # /dev/null takes what would be gigabytes on a disk.
    code, peak = screened(path, *options, "-o", "/dev/null")
    assert code == 0
    assert 0 < peak < MOST
