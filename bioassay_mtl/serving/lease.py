"""A request's part of workers that all share."""

from __future__ import annotations

from concurrent.futures import Future
from threading import Lock
from typing import Any

from bioassay_mtl.chem.parallel import Submits
from bioassay_mtl.chem.pool import Records


class Lease:
    """Submits for one request; all that it asked for can be called off.

    Parameters
    ----------
    pool
        The workers.
    """

    def __init__(self, pool: Submits) -> None:
        self._pool = pool
        self._asked: list[Future[list[Any]]] = []
        self._lock = Lock()
        self._is_over = False

    def submit(self, recipe: bytes, records: Records, /) -> Future[list[Any]]:
        """Submit to the pool; what is asked for after the end is called off already."""
        with self._lock:
            self._asked = [each for each in self._asked if not each.done()]
            if self._is_over:
                future: Future[list[Any]] = Future()
                future.cancel()
            else:
                future = self._pool.submit(recipe, records)
                self._asked.append(future)
            return future

    def end(self) -> None:
        """Call everything off: whoever waits for it gets a CancelledError at once."""
        with self._lock:
            self._is_over = True
            for future in self._asked:
                future.cancel()
