"""Workers that start before it is known what they will be asked.

A worker loads for a third of a second, and so does the program that starts it before it has read
anything. Those of this module load meanwhile, and the first pools that need workers take them.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from bioassay_mtl.chem.supervised import Worker

_LOCK = threading.Lock()
_waiting: list[tuple[tuple[int, float], Worker]] = []


@contextmanager
def workers_ahead(n: int, timeout: float) -> Iterator[None]:
    """Start workers now, for the pools that begin before the block ends.

    Those that no pool took end with the block; all end with the thread that begins it.

    Parameters
    ----------
    n
        Workers to start; fewer where the system allows no more.
    timeout
        Seconds that one record may take, as of the pools that are to have them.
    """
    key = os.getpid(), timeout
    started = list[tuple[tuple[int, float], Worker]]()
    try:
        with suppress(OSError):
            for _ in range(n):
                started.append((key, Worker(timeout)))
                with _LOCK:
                    _waiting.append(started[-1])
        yield
    finally:
        for each in started:
            with _LOCK:
                is_left = each in _waiting
                if is_left:
                    _waiting.remove(each)
            if is_left:
                each[1].close()


def started_ahead(timeout: float) -> Worker | None:
    """A worker of this process that has been started already, or None."""
    key = os.getpid(), timeout  # the copy of this process that a fork makes has no workers
    with _LOCK:
        for place, (of, worker) in enumerate(_waiting):
            if of == key:
                del _waiting[place]
                return worker
    return None
