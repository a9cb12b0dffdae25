"""One command on so many cores, watched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

from benchmarks.harness.timing import COMMAND
from bioassay_mtl.files import whole_file

SAMPLING_SECONDS = 0.2


class Watched(NamedTuple):
    """What a command took.

    Seconds by the clock; those of processors, of all its processes and of the first one alone;
    megabytes of the largest process; standard output.
    """

    seconds: float
    processor: float
    main: float
    largest: float
    said: str


class Sample(NamedTuple):
    """A moment of a command: seconds since its start, seconds of processors, MB of processes."""

    seconds: float
    processor: float
    megabytes: tuple[float, ...]


def watched(
    words: list[str], cores: int, look: Callable[[Sample], None] = lambda sample: None
) -> Watched:
    """Run the command on the first so many cores; RuntimeError where it fails."""
    allowed = sorted(os.sched_getaffinity(0))[:cores]
    program = (
        f"import os, sys; os.sched_setaffinity(0, {allowed}); os.execv(sys.argv[1], sys.argv[1:])"
    )
    start = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-c", program, *COMMAND, *words],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        sampling = _Sampling(process.pid, look)
        sampling.start()
        out, said = process.communicate()
        seconds = time.perf_counter() - start
        sampling.over = True
        sampling.join()
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)}: {said[-500:]}")
    used = sampling.processor
    main = used.get(process.pid, 0.0)
    return Watched(seconds, sum(used.values()), main, sampling.largest / 1e6, out)


class _Sampling(threading.Thread):
    """Memory and time of the processes below one; memory of Ray's own servers is not counted."""

    def __init__(self, pid: int, look: Callable[[Sample], None]) -> None:
        super().__init__(daemon=True)
        self._pid, self._look = pid, look
        self.largest, self.over = 0, False
        self.processor: dict[int, float] = {}

    def run(self) -> None:
        import psutil

        start = time.perf_counter()
        while not self.over:
            try:
                sizes = self._sizes()
            except psutil.Error:  # one of them has just ended
                sizes = []
            if sizes:
                self.largest = max(self.largest, *sizes)
                megabytes = tuple(sorted((size / 1e6 for size in sizes), reverse=True))
                used = sum(self.processor.values())
                self._look(Sample(time.perf_counter() - start, used, megabytes))
            time.sleep(SAMPLING_SECONDS)

    def _sizes(self) -> list[int]:
        import psutil

        sizes = []
        root = psutil.Process(self._pid)
        for each in [root, *root.children(recursive=True)]:
            times = each.cpu_times()
            self.processor[each.pid] = times.user + times.system
            if "raylet" not in each.name() and "gcs_server" not in each.name():
                sizes.append(each.memory_full_info().uss)
        return sizes


def steady_rate(folder: Path) -> float:
    """Molecules a second from the first part's end to the last one's: without start-up."""
    receipts = [*(folder / "receipts").glob("*.json")]
    ends = sorted((path.stat().st_mtime, path) for path in receipts)
    rows = sum(json.loads(path.read_text())["rows"] for _, path in ends[1:])
    return float(rows / (ends[-1][0] - ends[0][0]))


def size(folder: Path) -> int:
    """Bytes of all files."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def library(path: Path, smiles: Iterable[str], rows: int) -> Path:
    """A SMILES file of so many rows, made unless it is there; in constant memory."""
    if not path.exists():
        with whole_file(path) as file:
            for row, text in enumerate(islice(cycle(smiles), rows), 1):
                file.write(f"{text} M{row}\n".encode())
    return path
