"""A worker process as its parent holds it: asked, watched, and ended where it does not answer."""

from __future__ import annotations

import mmap
import os
import pickle
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioassay_mtl.chem.status import Status
from bioassay_mtl.chem.worker import BOARD_BYTES, READY, receive, send
from bioassay_mtl.errors import WorkerError

if TYPE_CHECKING:
    from bioassay_mtl.chem.molecule import Notation

DEFAULT_TIMEOUT = 5.0
"""Seconds that one molecule may take; thousands of times what one usually takes."""

# A worker that waits for the processor is not blamed for that, but not waited for for ever either.
_WALL_TO_PROCESSOR = 10

# What is done for all records of a request at once, before the first and after the last, may take
# as many times what one record may.
_ALL_TO_ONE = 4

# A molecule is thousands of small blocks of memory, freed at once. Let glibc keep 300 of each size
# at hand rather than 7, a sixth of a worker's time; and let it ask for memory in large pages, where
# Linux gives them to who asks: three quarters of the faults, a twentieth of the time. Other C
# libraries do not read this.
_ALLOCATOR = {"GLIBC_TUNABLES": "glibc.malloc.tcache_count=300:glibc.malloc.hugetlb=1"}


class Lost(Exception):
    """A worker that ended before it answered.

    Parameters
    ----------
    row
        Position of the record that it was at; None where it was at none.
    overdue
        Whether it was ended because that record took too long.
    """

    def __init__(self, row: int | None, overdue: bool) -> None:
        super().__init__(row, overdue)
        self.row = row
        self.overdue = overdue


@dataclass
class _Mark:
    """Time at which a worker was first seen at a record, by the clock and in its processor time."""

    begun: int
    wall: float
    processor: float | None


class Worker:
    """One worker process.

    The thread that makes it must outlive it (:func:`bioassay_mtl.chem.lifeline.end_with`).

    Parameters
    ----------
    timeout
        Seconds that one record may take, of the worker's processor time where that can be read,
        and ten times as long by the clock; 0 for no limit.
    """

    def __init__(self, timeout: float = DEFAULT_TIMEOUT) -> None:
        self._timeout = timeout
        with tempfile.TemporaryFile() as board:
            board.truncate(BOARD_BYTES)
            self._begun = memoryview(mmap.mmap(board.fileno(), BOARD_BYTES)).cast("Q")
            self.process = _start(board.fileno(), timeout)
        self._is_ready = False
        self._recipe: bytes | None = None  # of the last request
        self._asked_at = -1  # what the board said at the last request; -1 while there is none
        self._n = 0
        self._mark: _Mark | None = None
        self._overdue_at: int | None = None

    def ask(
        self,
        recipe: bytes,
        structures: Sequence[Any],
        notation: Notation,
        known: Mapping[int, Status],
    ) -> Any:
        """Results of the job for structures.

        Raises
        ------
        Lost
            If the worker ends before it answers, by itself or because a record takes too long.
        WorkerError
            If it ended before it was ready to be asked anything.
        """
        # The molecules that a model was trained on are part of its recipe: megabytes of some.
        news = recipe if recipe != self._recipe else None
        message = (news, structures, notation, known)
        request = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
        self._n = len(structures)
        asked_at = self._begun[0]
        try:
            if not self._is_ready:
                self._is_ready = bool(receive(self._answers))
            send(self._requests, request)
            if news is not None:  # making a job is in no record's time
                made = receive(self._answers)
                if made is not READY:
                    return made
                self._recipe = recipe
            self._asked_at = asked_at
            return receive(self._answers)
        except (EOFError, OSError):
            self.stop()
            if not self._is_ready:
                raise self._no_start() from None
            row = self._begun[0] - asked_at - 1
            overdue = self._overdue_at == self._begun[0]
            raise Lost(row if 0 <= row < self._n else None, overdue) from None
        finally:
            self._asked_at, self._mark = -1, None

    def check(self) -> None:
        """End the process if it has been at one record for too long; for another thread."""
        begun, asked_at, first = self._begun[0], self._asked_at, self._mark
        if not self._timeout or asked_at < 0:
            return
        now = _Mark(begun, time.monotonic(), _processor_seconds(self.process.pid))
        if first is None or first.begun != begun:
            self._mark = now
            return
        is_at_one = 0 < begun - asked_at <= self._n
        if _is_overdue(first, now, self._timeout * (1 if is_at_one else _ALL_TO_ONE)):
            self._overdue_at = begun
            self.process.kill()

    def stop(self) -> None:
        """End the process at once, whatever it is doing."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """End the process, and give its pipes back."""
        self.stop()
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                pipe.close()  # type: ignore[union-attr]

    @property
    def _requests(self) -> Any:
        return self.process.stdin

    @property
    def _answers(self) -> Any:
        return self.process.stdout

    def _no_start(self) -> WorkerError:
        code = self.process.returncode
        how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        return WorkerError(
            f"a worker process {how} before it could begin (out of memory? fewer workers need less)"
        )


def _is_overdue(first: _Mark, now: _Mark, timeout: float) -> bool:
    waited = now.wall - first.wall
    if now.processor is None or first.processor is None:
        return waited > timeout
    used = now.processor - first.processor
    return used > timeout or waited > _WALL_TO_PROCESSOR * timeout


class Watch(threading.Thread):
    """Looks after workers until it is told to end.

    Parameters
    ----------
    workers
        Workers to look after; others may take their places meanwhile.
    timeout
        Timeout of the workers; it decides how often the watch looks.
    """

    def __init__(self, workers: Sequence[Worker | None], timeout: float) -> None:
        super().__init__(daemon=True, name="watch")
        self._workers = workers
        self._seconds = min(0.2, timeout / 4) if timeout else None
        self._end = threading.Event()

    def run(self) -> None:
        while self._seconds and not self._end.wait(self._seconds):
            for worker in self._workers:
                if worker is not None:
                    worker.check()

    def end(self) -> None:
        """Look no more."""
        self._end.set()
        self.join()


def _start(board: int, timeout: float) -> subprocess.Popen[bytes]:
    # The worker sees the caller's import path and nothing else: neither a file in the current
    # folder nor the caller's main script can come in between.
    longest = 2 * timeout + 5 if timeout else None
    code = (
        f"import sys; sys.path[:] = {[str(entry) for entry in sys.path]!r}; "
        "from bioassay_mtl.chem.worker import serve; "
        f"serve({os.getpid()}, {board}, {longest})"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=[board],
        env={**_ALLOCATOR, **os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        start_new_session=True,  # Ctrl-C is for the parent, which then ends the workers
    )


def _processor_seconds(pid: int) -> float | None:
    """Processor time of a process, or None where the system does not say."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return None
