"""One command, watched."""

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
from tempfile import TemporaryFile
from typing import NamedTuple

import psutil

from benchmarks.harness.timing import COMMAND, children_seconds
from bioassay_mtl.files import whole_file

SAMPLING_SECONDS = 0.2


class Watched(NamedTuple):
    """A command that ended.

    Its exit code (None: killed at its limit); seconds by the clock; those of processors, as sampled
    of all its processes (``main``: of the first), and by the account of the system of those that
    were waited for; megabytes of the largest process, and of all; standard output.
    """

    code: int | None
    seconds: float
    processor: float
    main: float
    waited: float
    largest: float
    together: float
    said: str


class Sample(NamedTuple):
    """A moment of a command: seconds since its start, seconds of processors, MB of processes."""

    seconds: float
    processor: float
    megabytes: tuple[float, ...]


def watched(
    words: list[str],
    cores: int | None = None,
    look: Callable[[Sample], None] = lambda sample: None,
    limit: float | None = None,
    *,
    every: float = SAMPLING_SECONDS,
) -> Watched:
    """Run the command on the first so many cores; RuntimeError where it fails.

    With a limit of seconds it may fail, and is killed with all its processes then. Time
    and memory of processes are read ``every`` so many seconds, 0 for never: five times a second it
    takes a tenth of two cores.
    """
    command, env = [*COMMAND, *words], dict(os.environ)
    if cores is not None:
        allowed = sorted(os.sched_getaffinity(0))[:cores]
        program = f"import os, sys; os.sched_setaffinity(0, {allowed}); "
        command = [sys.executable, "-c", f"{program}os.execv(sys.argv[1], sys.argv[1:])", *command]
        env["OMP_NUM_THREADS"] = "1"
    start, used, out, code = time.perf_counter(), children_seconds(), "", None
    with TemporaryFile("w+") as errors:
        into = errors if limit is None else None
        with subprocess.Popen(
            command, env=env, stdout=subprocess.PIPE, stderr=into, text=True
        ) as process:
            sampling = _Sampling(process.pid, look, every)
            if every:
                sampling.start()
            try:
                out, _ = process.communicate(timeout=limit)
                code = process.returncode
            except subprocess.TimeoutExpired:
                sampling.kill()
            seconds = time.perf_counter() - start
            sampling.over = True
            if every:
                sampling.join()
        if code and limit is None:
            errors.seek(0)
            raise RuntimeError(f"{' '.join(words)}: {errors.read()[-500:]}")
    of, waited = sampling.processor, children_seconds() - used
    most = sampling.largest / 1e6, sampling.together / 1e6
    return Watched(code, seconds, sum(of.values()), of.get(process.pid, 0.0), waited, *most, out)


def screened(path: Path, *options: str, every: float = 0) -> Watched:
    """``bioassay-mtl screen`` of a file, beside which its table stands until the next time."""
    out = path.with_suffix(".csv")
    out.unlink(missing_ok=True)
    return watched(["screen", str(path), "-o", str(out), "--json", *options], every=every)


class _Sampling(threading.Thread):
    """Memory and time of the processes below one; memory of Ray's own servers is not counted."""

    def __init__(self, pid: int, look: Callable[[Sample], None], every: float) -> None:
        super().__init__(daemon=True)
        self._root, self._look, self._every = psutil.Process(pid), look, every
        self.largest, self.together, self.over = 0, 0, False
        self.processor: dict[int, float] = {}

    def run(self) -> None:
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
            time.sleep(self._every)

    def _sizes(self) -> list[int]:
        """Of each what no other has; together, a shared page counts once."""
        sizes, together = [], 0
        for each in [self._root, *self._root.children(recursive=True)]:
            times = each.cpu_times()
            self.processor[each.pid] = times.user + times.system
            if "raylet" not in each.name() and "gcs_server" not in each.name():
                held = each.memory_full_info()
                sizes.append(held.uss)
                together += getattr(held, "pss", held.rss)
        self.together = max(self.together, together)
        return sizes

    def kill(self) -> None:
        for each in [*self._root.children(recursive=True), self._root]:
            each.kill()


def steady_rate(folder: Path) -> float:
    """Molecules a second from the first part's end to the last one's: without start-up."""
    receipts = [*(folder / "receipts").glob("*.json")]
    ends = sorted((path.stat().st_mtime, path) for path in receipts)
    rows = sum(json.loads(path.read_text())["rows"] for _, path in ends[1:])
    return float(rows / (ends[-1][0] - ends[0][0]))


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def library(path: Path, smiles: Iterable[str], rows: int) -> Path:
    """A SMILES file of so many rows, made unless it is there; in constant memory."""
    if not path.exists():
        with whole_file(path) as file:
            for row, text in enumerate(islice(cycle(smiles), rows), 1):
                file.write(f"{text} M{row}\n".encode())
    return path
