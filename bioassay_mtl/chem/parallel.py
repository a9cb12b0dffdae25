"""Featurizing on all cores: worker processes, answers in order, bounded memory.

The workers are plain subprocesses rather than `multiprocessing` ones: those import the caller's
main script anew, which fails in a script without a ``__main__`` guard and in a REPL.
"""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice
from typing import Any, Protocol, TypeVar

import numpy as np

from bioassay_mtl.chem.features import Features
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.isolation import answers_apart, is_plain
from bioassay_mtl.chem.molecule import Notation
from bioassay_mtl.chem.pool import Pool
from bioassay_mtl.chem.pool import Records as Request
from bioassay_mtl.chem.status import Status
from bioassay_mtl.chem.supervised import DEFAULT_TIMEOUT
from bioassay_mtl.chem.worker import Job
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.registry import check_shared

BATCH_SIZE = 1024
"""Records a message: large enough to hide the pipe, small enough to spread the end of a file."""

WAITING_BYTES = 64_000_000
"""Size of batches that wait for the workers, or for the caller while it is busy with another."""

# Batches that wait, per worker, if they are not too large.
_AHEAD = 3


class Records(Protocol):
    """Records that can be featurized."""

    @property
    def structures(self) -> Sequence[str]: ...
    @property
    def notation(self) -> Notation: ...
    @property
    def problems(self) -> Mapping[int, Status]: ...
    @property
    def n_bytes(self) -> int: ...


class Submits(Protocol):
    """Workers that are there already, such as a :class:`~bioassay_mtl.chem.pool.Pool`."""

    def submit(self, recipe: bytes, records: Request, /) -> Future[list[Any]]: ...


RecordsT = TypeVar("RecordsT", bound=Records)


@dataclass(frozen=True)
class _Slice:
    structures: Sequence[str]
    notation: Notation
    problems: Mapping[int, Status]
    n_bytes: int = 0  # the caller holds them all anyhow


def featurize(
    structures: Sequence[str],
    featurizer: Featurizer,
    workers: int = 1,
    notation: Notation = "smiles",
    timeout: float = DEFAULT_TIMEOUT,
) -> Features:
    """Features of many structures, aligned with them.

    Parameters
    ----------
    structures
        SMILES or Mol blocks.
    featurizer
        Featurizer to compute.
    workers
        Processes to use; with one, the work is done in this process, but for structures that could
        keep it for ever (:mod:`bioassay_mtl.chem.isolation`).
    notation
        Notation of the structures.
    timeout
        Seconds that one may take, else its status is ``timed_out``; 0 for no limit.
    """
    slices = (
        _Slice(structures[start : start + BATCH_SIZE], notation, {})
        for start in range(0, len(structures), BATCH_SIZE)
    )
    n = workers if workers > 1 else 0
    parts = [features for _, features in featurize_batches(slices, featurizer, n, timeout)]
    return Features.concatenate(parts) if parts else featurizer([], notation)


def featurize_batches(
    batches: Iterable[RecordsT],
    featurizer: Featurizer,
    workers: int,
    timeout: float = DEFAULT_TIMEOUT,
    pool: Submits | None = None,
    meanwhile: Callable[[], None] = lambda: None,
) -> Generator[tuple[RecordsT, Features], None, None]:
    """Featurize a stream of batches on several processes.

    Parameters
    ----------
    batches
        Read lazily; at most a few per worker are held at a time.
    featurizer
        Featurizer to compute.
    workers
        Processes to start. With none, or for a single batch, the work is done in this process, but
        for structures that could keep it for ever (:mod:`bioassay_mtl.chem.isolation`).
    timeout
        Seconds that one structure may take, else its status is ``timed_out``; 0 for no limit.
    pool
        Workers to ask in place of those, with the time limit that they have.
    meanwhile
        Called once, when workers have been given all that they are given before the first batch is
        waited for; begins what may take long beside them.

    Yields
    ------
    tuple[RecordsT, Features]
        Each batch with its features, in the order of the input. A worker that dies is replaced; a
        record that ends its worker twice has the status ``failed``.

    Raises
    ------
    WorkerError
        If no worker can be started.
    """
    batches = iter(batches)
    recipe = pickle.dumps((featurizing, featurizer.config()))
    if pool is not None:
        ahead = _AHEAD * getattr(pool, "n_workers", 1)
        yield from _in_order(batches, pool, recipe, ahead, meanwhile)
        return
    head = list(islice(batches, 2))
    if workers < 1 or len(head) < 2:
        meanwhile()
        for batch in chain(head, batches):
            yield batch, _features_here(batch, featurizer, recipe, timeout)
        return
    check_shared(featurizer.fingerprints)
    batches = chain(head, batches)
    del head  # the stream may be long: do not hold its first batches
    with Pool(workers, timeout) as pool:
        yield from _in_order(batches, pool, recipe, _AHEAD * workers, meanwhile)


def features_of(recipe: bytes, records: Request, timeout: float = DEFAULT_TIMEOUT) -> Features:
    """The answer to a request of :func:`featurize_batches`, computed in this process.

    For engines that have processes of their own. What could keep one for ever is looked at in
    another, and ends as it does in a :class:`~bioassay_mtl.chem.pool.Pool`.

    Parameters
    ----------
    recipe, records
        Recipe and records, as a pool is given them.
    timeout
        Seconds that one structure may take, else its status is ``timed_out``; 0 for no limit.
    """
    batch = _Slice(records.structures, records.notation, records.known)
    return _features_here(batch, _made(recipe), recipe, timeout)


@lru_cache(maxsize=4)
def _made(recipe: bytes) -> Featurizer:
    make, *arguments = pickle.loads(recipe)
    featurizer: Featurizer = make(*arguments)
    return featurizer


def featurizing(config: dict[str, Any]) -> Job:
    """The job of a featurizer, by its settings."""
    featurizer = Featurizer.from_config(config)
    featurizer([])  # what is loaded at first use is no molecule's time
    return featurizer


def _in_order(
    batches: Iterable[RecordsT],
    pool: Submits,
    recipe: bytes,
    ahead: int,
    meanwhile: Callable[[], None],
) -> Iterator[tuple[RecordsT, Features]]:
    pending: deque[tuple[RecordsT, Future[list[Any]]]] = deque()
    n_bytes = 0
    is_first = True
    for batch in batches:
        request = Request(batch.structures, batch.notation, batch.problems)
        pending.append((batch, pool.submit(recipe, request)))
        n_bytes += batch.n_bytes
        while len(pending) > ahead or (n_bytes > WAITING_BYTES and pending):
            if is_first:
                meanwhile()
                is_first = False
            done, future = pending.popleft()
            n_bytes -= done.n_bytes
            yield done, _joined(future.result())
    if is_first:
        meanwhile()
    while pending:
        done, future = pending.popleft()
        yield done, _joined(future.result())


def _joined(parts: list[Features]) -> Features:
    return parts[0] if len(parts) == 1 else Features.concatenate(parts)


def _features_here(
    batch: Records, featurizer: Featurizer, recipe: bytes, timeout: float
) -> Features:
    """Features of one batch, computed in this process where that is safe."""
    structures, notation, problems = batch.structures, batch.notation, batch.problems
    slow = featurizer.standardize == "tautomer"  # minutes, for some molecules of few rings
    apart = [
        at
        for at, text in enumerate(structures)
        if at not in problems and (slow or not is_plain(text, notation))
    ]
    if not apart or not _is_shared(featurizer):
        return featurizer(structures, notation, problems)
    # What is elsewhere is left out here, and put in its place afterwards.
    here = featurizer(structures, notation, {**problems, **dict.fromkeys(apart, Status.FAILED)})
    request = Request([structures[at] for at in apart], notation, {})
    away = _joined(answers_apart(recipe, request, timeout))
    order = np.arange(len(structures))
    order[apart] = len(structures) + np.arange(len(apart))
    return Features.concatenate([here, away]).take(order)


def _is_shared(featurizer: Featurizer) -> bool:
    """Whether other processes know its kinds: they do not where a script registered one."""
    try:
        check_shared(featurizer.fingerprints)
    except ConfigError:
        return False
    return True
