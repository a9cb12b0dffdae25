"""Workers of a cluster that featurise for an actor."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

from bioassay_mtl.adapters.ray.cluster import ray
from bioassay_mtl.chem.isolation import answers_apart
from bioassay_mtl.chem.pool import Records


class ClusterPool:
    """Workers anywhere, each with a process beside it that hard molecules may take with them.

    What a record ends with is told by :class:`~bioassay_mtl.chem.pool.Pool`, as on one machine; a
    worker that is lost is replaced by Ray, and its request done again.

    Parameters
    ----------
    n_workers
        How many are likely to work for this pool.
    timeout
        Seconds that one record may take.
    """

    def __init__(self, n_workers: int, timeout: float) -> None:
        self.n_workers = n_workers
        self._timeout = timeout
        self._recipes: dict[bytes, Any] = {}
        self._ask = ray().remote(num_cpus=1, max_retries=-1)(featurised)

    def submit(self, recipe: bytes, records: Records) -> Future[list[Any]]:
        """As :meth:`bioassay_mtl.chem.pool.Pool.submit`."""
        if recipe not in self._recipes:
            self._recipes[recipe] = ray().put(recipe)
        asked = self._ask.remote(self._recipes[recipe], tuple(records), self._timeout)
        future: Future[list[Any]] = asked.future()
        return future


def featurised(recipe: bytes, records: tuple[Any, ...], timeout: float) -> list[Any]:
    """One request's answers, from the process that this worker has for it."""
    return answers_apart(recipe, Records(*records), timeout)
