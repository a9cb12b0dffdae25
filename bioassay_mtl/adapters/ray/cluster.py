"""The cluster that a screen runs on."""

from __future__ import annotations

import logging
import math
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from bioassay_mtl.errors import ConfigError, MissingExtraError

log = logging.getLogger(__name__)

CORES_OF_AN_ACTOR = 8
"""Cores of one actor, which featurizes and predicts on them as a screen on one machine does."""


OWN_CLUSTER = {
    "RAY_worker_niceness": "0",
    "RAY_enable_metrics_collection": "0",
    "RAY_task_events_report_interval_ms": "0",
}
"""Environment of a cluster that a screen starts for itself, unless the environment says otherwise:
workers that do not give way to all else on the machine, as a local screen's do not; and nothing
counted for a dashboard that there is not, which takes time of every process as long as it lives."""


def ray() -> Any:
    """The library; a MissingExtraError where it is not installed."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
        import ray.data
    except ImportError:
        raise MissingExtraError("ray", "ray") from None
    return ray


REACHABLE_SECONDS = 5
"""Time in which the machine of an address is to answer: Ray itself tries for minutes."""


def check_reachable(address: str | None) -> None:
    """Raise a ConfigError if nobody listens at ``HOST:PORT``; other addresses are left to Ray."""
    host, _, port = (address or "").rpartition(":")
    if not port.isdecimal() or "://" in host:
        return
    try:
        socket.create_connection((host, int(port)), REACHABLE_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise ConfigError(f"no Ray cluster at {address!r}: {error}") from error


@contextmanager
def connected(address: str | None, cores: int | None) -> Iterator[None]:
    """Be connected to a cluster, and not leave one that the caller was connected to.

    Parameters
    ----------
    address
        Address of a cluster: ``auto``, or ``HOST:PORT``; None for one of this machine's cores.
    cores
        Number of cores of that machine; all when None.

    Raises
    ------
    ConfigError
        There is no such cluster.
    """
    library = ray()
    if library.is_initialized():
        yield
        return
    check_reachable(address)
    own: dict[str, Any] = {"num_cpus": cores, "include_dashboard": False} if not address else {}
    for name, value in OWN_CLUSTER.items() if not address else ():
        os.environ.setdefault(name, value)
    try:
        library.init(address=address, log_to_driver=False, logging_level=logging.WARNING, **own)
    except ConnectionError as error:
        raise ConfigError(f"no Ray cluster at {address!r}: {error}") from error
    try:
        yield
    finally:
        library.shutdown()


class Shares(NamedTuple):
    """Shares of a cluster: actors, and of each its GPUs, its cores, and how many it holds itself.

    An actor that holds none leaves its cores to the tasks that featurize for it.
    """

    actors: int
    gpus: int
    cores: int
    held: int


def shares(n_parts: int, device: str) -> Shares:
    """Shares of the connected cluster for so many parts.

    Actors with GPUs have tasks featurize for them on any machine. Others featurize on cores of
    their own: as many each as use the most of the cluster with few actors; fewer where no machine
    has as many free now, since others may never give theirs back.
    """
    if device.startswith("cuda"):
        resources = ray().cluster_resources()
        gpus = int(resources.get("GPU", 0))
        if not gpus:
            raise ConfigError(f"device {device}: the cluster has no GPU")
        cores = max(1, int(resources.get("CPU", 1)))
        return Shares(min(gpus, n_parts), 1, math.ceil(cores / gpus), 0)
    machines = [int(each["Resources"].get("CPU", 0)) for each in ray().nodes() if each["Alive"]]
    most = max(CORES_OF_AN_ACTOR, sum(machines) // n_parts)
    sizes = {min(most, cores) for cores in machines if cores} or {1}
    fitting = {size: sum(cores // size for cores in machines) for size in sizes}
    cores = max(sizes, key=lambda size: ((size - 0.5) * fitting[size], size))
    if not (free := most_free()):
        log.warning("the cluster has no core that is free: waiting for %d on one machine", cores)
    elif free < cores:
        cores, fitting[free] = free, sum(each // free for each in machines)
    return Shares(max(1, min(fitting[cores], n_parts)), 0, cores, cores)


def most_free() -> int:
    """Cores that nobody holds of the machine of the connected cluster that has most of them."""
    machines = ray()._private.state.available_resources_per_node().values()
    return max((int(each.get("CPU", 0)) for each in machines), default=0)


@contextmanager
def quiet_data() -> Iterator[None]:
    """Have Ray Data draw no bars and log no course."""
    context = ray().data.DataContext.get_current()
    log = logging.getLogger("ray.data")
    before, level = context.enable_progress_bars, log.level
    context.enable_progress_bars = False
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        context.enable_progress_bars = before
        log.setLevel(level)
