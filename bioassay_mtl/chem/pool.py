"""Worker processes that share the work: of one that hangs or dies, only the culprit is lost.

A worker notes which record it is at. One that is ended for a record that takes too long leaves that
record as ``timed_out``; one that dies by itself has the record that it was at tried again, alone,
and it is ``failed`` if that worker dies too. All other records of the request are asked for again:
those before that record, and those behind it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from queue import SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

from bioassay_mtl.chem.ahead import started_ahead
from bioassay_mtl.chem.status import Status
from bioassay_mtl.chem.supervised import DEFAULT_TIMEOUT, Lost, Watch, Worker
from bioassay_mtl.errors import BioassayError, WorkerError

if TYPE_CHECKING:
    from bioassay_mtl.chem.molecule import Notation

REQUEST_SIZE = 1024
"""Records a request at most: enough to hide the pipe, few enough to be done again."""

REQUEST_CHARACTERS = 2_000_000

MOST_STARTS = 3
"""Workers that may end before they can begin."""


class Records(NamedTuple):
    """Records of a request.

    Parameters
    ----------
    structures
        n SMILES or Mol blocks.
    notation
        Notation of the structures.
    known
        Status of those that are not to be looked at, by position.
    """

    structures: Sequence[Any]
    notation: Notation
    known: Mapping[int, Status]


Task = tuple[bytes, Records, "Future[list[Any]]"]


class Pool:
    """Workers, each owned by one thread that takes requests from a common queue.

    Parameters
    ----------
    n
        Workers.
    timeout
        Seconds that one record may take; 0 for no limit.

    Attributes
    ----------
    n_workers
        Number of workers.
    """

    def __init__(self, n: int, timeout: float = DEFAULT_TIMEOUT) -> None:
        self.n_workers = n
        self._timeout = timeout
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._workers: list[Worker | None] = [None] * n
        self._is_over = False
        # A worker ends with the thread that starts it, so each thread starts its own.
        self._threads = [
            threading.Thread(target=self._drive, args=(place,), daemon=True) for place in range(n)
        ]
        self._watch = Watch(self._workers, timeout)

    def __enter__(self) -> Pool:
        for thread in (*self._threads, self._watch):
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def submit(self, recipe: bytes, records: Records) -> Future[list[Any]]:
        """Queue a request; its answers belong to consecutive parts of the records.

        A cancelled one ends after the batch that is being worked on.

        Parameters
        ----------
        recipe
            Pickled tuple of a function that makes the job, and its arguments.
        records
            Records that the job is given.
        """
        future: Future[list[Any]] = Future()
        self._tasks.put((recipe, records, future))
        return future

    def stop(self) -> None:
        """End all workers at once, whatever they are doing."""
        self._is_over = True
        for worker in self._workers:
            self._tasks.put(None)
            if worker is not None:
                worker.process.kill()
        for thread in self._threads:
            thread.join()
        self._watch.end()

    def _drive(self, place: int) -> None:
        try:
            self._worker(place)  # it loads while the first records are read
            while (task := self._tasks.get()) is not None:
                *_, future = task
                with suppress(InvalidStateError):  # it was cancelled meanwhile
                    try:
                        future.set_result(self._answers(place, *task))
                    except InvalidStateError:
                        raise
                    except Exception as error:  # whoever waits for it raises it
                        future.set_exception(error)
        finally:
            self._drop(place)

    def _worker(self, place: int) -> Worker:
        worker = self._workers[place]
        if worker is None:
            worker = started_ahead(self._timeout) or Worker(self._timeout)
            self._workers[place] = worker
            if self._is_over:
                worker.process.kill()
        return worker

    def _drop(self, place: int) -> None:
        worker, self._workers[place] = self._workers[place], None
        if worker is not None:
            worker.close()

    def _answers(
        self, place: int, recipe: bytes, records: Records, future: Future[list[Any]]
    ) -> list[Any]:
        known, suspects = dict(records.known), set[int]()
        answers, n_starts = [], 0
        parts = _parts(records.structures)[::-1]
        while parts and not future.cancelled():
            start, stop = parts.pop()
            inside = {at - start: status for at, status in known.items() if start <= at < stop}
            structures = records.structures[start:stop]
            try:
                answer = self._worker(place).ask(recipe, structures, records.notation, inside)
            except Lost as lost:
                self._drop(place)
                if self._is_over:
                    raise
                if len(inside) == stop - start:  # there was nothing to do: it would go on for ever
                    raise WorkerError("a worker process ends whatever it is asked") from None
                parts += _again(start, stop, lost, known, suspects)
                continue
            except WorkerError:  # it could not begin
                self._drop(place)
                n_starts += 1
                if self._is_over or n_starts == MOST_STARTS:
                    raise
                parts.append((start, stop))
                continue
            if isinstance(answer, BioassayError):
                raise answer
            if isinstance(answer, str):
                raise RuntimeError(f"a worker failed:\n{answer}")
            answers.append(answer)
        return answers


def _parts(structures: Sequence[Any]) -> list[tuple[int, int]]:
    """First and last but one of parts that are not too large for one request; one at least."""
    ends, characters = [0], 0
    for at, structure in enumerate(structures):
        length = len(structure) if isinstance(structure, str) else 0
        characters += length
        if at - ends[-1] == REQUEST_SIZE or (characters > REQUEST_CHARACTERS and at > ends[-1]):
            ends.append(at)
            characters = length
    return list(zip(ends, [*ends[1:], len(structures)], strict=True))


def _again(
    start: int, stop: int, lost: Lost, known: dict[int, Status], suspects: set[int]
) -> list[tuple[int, int]]:
    """Parts to ask for again, the first one last; notes what is known of the record it was at."""
    if lost.row is None and stop - start > 1:  # it was at none: at the answer of all
        middle = (start + stop) // 2
        return [(middle, stop), (start, middle)]
    at = start + (lost.row or 0)
    if lost.overdue or at in suspects:
        known[at] = Status.TIMED_OUT if lost.overdue else Status.FAILED
        parts = [(at, stop), (start, at)]
    else:
        suspects.add(at)
        parts = [(at + 1, stop), (at, at + 1), (start, at)]
    return [(first, end) for first, end in parts if first < end]
