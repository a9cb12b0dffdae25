"""One command on so many cores, watched."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple

COMMAND = [sys.executable, "-m", "bioassay_mtl.cli.app"]
SAMPLING_SECONDS = 0.2


class Watched(NamedTuple):
    """What a command took: seconds by the clock and of processors, the largest process's MB."""

    seconds: float
    processor: float
    largest: float


def watched(words: list[str], cores: int) -> Watched:
    """Run the command on the first so many cores.

    Raises
    ------
    RuntimeError
        It fails.
    """
    allowed = sorted(os.sched_getaffinity(0))[:cores]
    program = (
        f"import os, sys; os.sched_setaffinity(0, {allowed}); os.execv(sys.argv[1], sys.argv[1:])"
    )
    start = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-c", program, *COMMAND, *words],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        sampling = _Sampling(process.pid)
        sampling.start()
        said = process.communicate()[1]
        seconds = time.perf_counter() - start
        sampling.over = True
        sampling.join()
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)}: {said[-500:]}")
    return Watched(seconds, sum(sampling.processor.values()), sampling.largest / 1e6)


class _Sampling(threading.Thread):
    """Memory and time of the processes below one; memory of Ray's own servers is not counted."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self.largest, self.over = 0, False
        self.processor: dict[int, float] = {}

    def run(self) -> None:
        import psutil

        while not self.over:
            try:
                root = psutil.Process(self._pid)
                for each in [root, *root.children(recursive=True)]:
                    times = each.cpu_times()
                    self.processor[each.pid] = times.user + times.system
                    if "raylet" not in each.name() and "gcs_server" not in each.name():
                        self.largest = max(self.largest, each.memory_full_info().uss)
            except psutil.Error:
                pass
            time.sleep(SAMPLING_SECONDS)


def steady_rate(folder: Path) -> float:
    """Molecules a second from the first part's end to the last one's: without start-up."""
    import json

    receipts = [*(folder / "receipts").glob("*.json")]
    ends = sorted((path.stat().st_mtime, path) for path in receipts)
    rows = sum(json.loads(path.read_text())["rows"] for _, path in ends[1:])
    return float(rows / (ends[-1][0] - ends[0][0]))


def size(folder: Path) -> int:
    """Bytes of all files."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
