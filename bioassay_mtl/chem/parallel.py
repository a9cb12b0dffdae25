"""Featurizing on all cores: worker processes, answers in order, bounded memory.

The workers are plain subprocesses rather than `multiprocessing` ones: those import the caller's
main script anew, which fails in a script without a ``__main__`` guard and in a REPL.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Generator, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice
from queue import SimpleQueue
from types import TracebackType
from typing import Protocol, TypeVar

from bioassay_mtl.chem.features import Features
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.molecule import Notation
from bioassay_mtl.chem.status import Status
from bioassay_mtl.chem.worker import receive, send
from bioassay_mtl.errors import BioassayError, WorkerError
from bioassay_mtl.registry import check_shared

BATCH_SIZE = 1024
"""Records a message: large enough to hide the pipe, small enough to spread the end of a file."""

# Batches that wait, per worker, while the caller is busy with another.
_AHEAD = 3

# A molecule is thousands of small blocks of memory, freed at once. Let glibc keep 300 of each size
# at hand rather than 7: a sixth of a worker's time. Other C libraries do not read this.
_ALLOCATOR = {"GLIBC_TUNABLES": "glibc.malloc.tcache_count=300"}


class Records(Protocol):
    """What a batch must have to be featurized."""

    @property
    def structures(self) -> Sequence[str]: ...
    @property
    def notation(self) -> Notation: ...
    @property
    def problems(self) -> Mapping[int, Status]: ...


RecordsT = TypeVar("RecordsT", bound=Records)


@dataclass(frozen=True)
class _Slice:
    structures: Sequence[str]
    notation: Notation
    problems: Mapping[int, Status]


def featurize(
    structures: Sequence[str],
    featurizer: Featurizer,
    workers: int = 1,
    notation: Notation = "smiles",
) -> Features:
    """Features of many structures, aligned with them.

    Parameters
    ----------
    structures
        SMILES or Mol blocks.
    featurizer
        What to compute.
    workers
        Processes to use; with one, the work is done in this process.
    notation
        What the structures are written in.
    """
    slices = (
        _Slice(structures[start : start + BATCH_SIZE], notation, {})
        for start in range(0, len(structures), BATCH_SIZE)
    )
    parts = [features for _, features in featurize_batches(slices, featurizer, workers)]
    return Features.concatenate(parts) if parts else featurizer([], notation)


def featurize_batches(
    batches: Iterable[RecordsT], featurizer: Featurizer, workers: int
) -> Generator[tuple[RecordsT, Features], None, None]:
    """Featurize a stream of batches on several processes.

    Parameters
    ----------
    batches
        Read lazily; at most a few per worker are held at a time.
    featurizer
        What to compute.
    workers
        Processes to start; with one, or for a single batch, the work is done in this process.

    Yields
    ------
    tuple[RecordsT, Features]
        Each batch with its features, in the order of the input.

    Raises
    ------
    WorkerError
        Where a worker died.
    """
    batches = iter(batches)
    head = list(islice(batches, 2))
    batches = chain(head, batches)
    if workers <= 1 or len(head) < 2:
        for batch in batches:
            yield batch, featurizer(batch.structures, batch.notation, batch.problems)
        return
    check_shared(featurizer.fingerprints)
    del head  # the stream may be long: do not hold its first batches
    with _Workers(featurizer, workers) as pool:
        pending: deque[tuple[RecordsT, Future[Features]]] = deque()
        for batch in batches:
            pending.append((batch, pool.submit(batch)))
            if len(pending) > _AHEAD * workers:
                done, future = pending.popleft()
                yield done, future.result()
        while pending:
            done, future = pending.popleft()
            yield done, future.result()


class _Workers:
    """Worker processes, each driven by one thread that takes batches from a common queue."""

    def __init__(self, featurizer: Featurizer, n: int) -> None:
        self._config = pickle.dumps(featurizer.config())
        self._n = n
        self._tasks: SimpleQueue[tuple[Records, bytes, Future[Features]] | None] = SimpleQueue()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> _Workers:
        try:
            for _ in range(self._n):
                process = _start()
                self._processes.append(process)
                thread = threading.Thread(target=self._drive, args=(process,), daemon=True)
                thread.start()
                self._threads.append(thread)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def submit(self, batch: Records) -> Future[Features]:
        """Queue one batch."""
        message = (batch.structures, batch.notation, batch.problems)
        request = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
        future: Future[Features] = Future()
        self._tasks.put((batch, request, future))
        return future

    def stop(self) -> None:
        """End all processes at once, whatever they are doing."""
        for process in self._processes:
            process.kill()
            self._tasks.put(None)
        for thread in self._threads:
            thread.join()
        for process in self._processes:
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with suppress(OSError):
                    pipe.close()  # type: ignore[union-attr]

    def _drive(self, process: subprocess.Popen[bytes]) -> None:
        requests, answers = process.stdin, process.stdout
        assert requests is not None
        assert answers is not None
        with suppress(OSError):  # a worker that died at its start shows at its first batch
            send(requests, self._config)
        while (task := self._tasks.get()) is not None:
            batch, request, future = task
            try:
                send(requests, request)
                answer = receive(answers)
            except (EOFError, OSError):
                # Tasks leave the queue in order, so the caller meets this one before any that no
                # worker is left to take, and stops.
                future.set_exception(_death(process, batch))
                return
            if isinstance(answer, BioassayError):
                future.set_exception(answer)
            elif isinstance(answer, str):
                future.set_exception(RuntimeError(f"featurizing failed in a worker:\n{answer}"))
            else:
                future.set_result(answer)


def _start() -> subprocess.Popen[bytes]:
    # The worker sees the caller's import path and nothing else: neither a file in the current
    # folder nor the caller's main script can come in between.
    code = (
        f"import sys; sys.path[:] = {[str(entry) for entry in sys.path]!r}; "
        "from bioassay_mtl.chem.worker import serve; serve()"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**_ALLOCATOR, **os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        start_new_session=True,  # Ctrl-C is for the parent, which then ends the workers
    )


def _death(process: subprocess.Popen[bytes], batch: Records) -> WorkerError:
    code = process.wait()
    how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
    first = str(batch.structures[0])[:80] if batch.structures else ""
    return WorkerError(
        f"a worker process {how} on the {len(batch.structures)} records that begin with {first!r} "
        "(out of memory? fewer workers need less)"
    )
