"""Tasks of a cluster that featurize for an actor."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

from bioassay_mtl.adapters.ray.cluster import ray
from bioassay_mtl.chem.parallel import features_of
from bioassay_mtl.chem.pool import Records


class ClusterPool:
    """Workers anywhere, asked as a :class:`~bioassay_mtl.chem.pool.Pool` is.

    Hard molecules are looked at in a process beside a worker, which they may take with them; a
    worker that is lost is replaced by Ray, and its request done again.

    Parameters
    ----------
    n_workers
        Number of workers that are likely to work for this pool.
    timeout
        Seconds that one record may take.
    """

    def __init__(self, n_workers: int, timeout: float) -> None:
        self.n_workers = n_workers
        self._timeout = timeout
        self._recipes: dict[bytes, Any] = {}
        self._ask = ray().remote(num_cpus=1, max_retries=-1)(featurized)

    def submit(self, recipe: bytes, records: Records) -> Future[list[Any]]:
        """See :meth:`bioassay_mtl.chem.pool.Pool.submit`."""
        if recipe not in self._recipes:
            self._recipes[recipe] = ray().put(recipe)
        asked = self._ask.remote(self._recipes[recipe], tuple(records), self._timeout)
        future: Future[list[Any]] = asked.future()
        return future


def featurized(recipe: bytes, records: tuple[Any, ...], timeout: float) -> list[Any]:
    """One request's answers."""
    return [features_of(recipe, Records(*records), timeout)]
