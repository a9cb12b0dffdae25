"""A screen as a Ray Data data set of parts: actors write them, back-pressure bounds what waits."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from math import ceil
from pathlib import Path
from typing import Any

from bioassay_mtl.adapters.ray.cluster import Shares, connected, quiet_data, ray, shares
from bioassay_mtl.adapters.ray.features import ClusterPool
from bioassay_mtl.chem.parallel import Submits
from bioassay_mtl.chem.pool import Pool
from bioassay_mtl.errors import BioassayError
from bioassay_mtl.screening.parts.plan import Part, PartsOptions, Shard
from bioassay_mtl.screening.parts.run import ALL, BegunParts, PartsRun, begin_parts, summary_of
from bioassay_mtl.screening.parts.summary import PartsSummary
from bioassay_mtl.screening.summary import StageClock

CALLS, MOST_PARTS = 4, 8
"""Calls of an actor at least, as far as there are parts, and parts of a call at most: what is read
for the next part overlaps with what is written of the last one within a call alone."""

PATIENCE = 60
"""Seconds to wait for parts that others are writing: a driver that was killed leaves some that its
actors still hold."""


def screen(
    inputs: str | Path | Sequence[str | Path],
    model: str | Path,
    folder: str | Path,
    options: PartsOptions | None = None,
    *,
    address: str | None = None,
    shard: Shard = ALL,
    device: str = "cpu",
    tell: Callable[[str], None] = lambda part: None,
) -> PartsSummary:
    """Predict every record of some files into a data set of parts, on a cluster.

    The same parts, byte for byte, as those of
    :func:`~bioassay_mtl.screening.parts.run.screen_parts`, which can go on with them, and whose
    parts this goes on with.

    Parameters
    ----------
    inputs, model, folder, options, shard, device
        See there; all machines of the cluster must see the files under these names.
    address
        Address of the cluster: ``auto``, or ``HOST:PORT``; None for this machine alone, or the
        cluster that the caller is connected to.
    tell
        Callback with the name of each part once it is there.

    Raises
    ------
    MissingExtraError
        Ray is not installed.
    OutputError, InputError, ConfigError
        As raised there; or there is no such cluster.
    """
    start = time.perf_counter()
    ray()
    paths = [inputs] if isinstance(inputs, str | Path) else list(inputs)
    begun = begin_parts(paths, model, folder, options, device=device)
    missing, written = begun.missing(shard), list[str]()
    if missing:
        with connected(address, begun.options.workers), quiet_data():
            written = _until_done(begun, str(model), shard, device, tell)
            missing = begun.missing(shard)
    begun.folder.finish(begun.plan)
    seconds = {"total": time.perf_counter() - start}
    return summary_of(begun, seconds, written=written, elsewhere=missing)


def _until_done(
    begun: BegunParts, model: str, shard: Shard, device: str, tell: Callable[[str], None]
) -> list[str]:
    """Write what is missing, and wait for a while for what others write; parts written here."""
    written, last = list[str](), time.monotonic()
    while missing := begun.missing(shard):
        for name in _written(begun, missing, model, device):
            tell(name)
            written.append(name)
            last = time.monotonic()
        if time.monotonic() - last > PATIENCE:
            break
        if begun.missing(shard):
            time.sleep(1)
    return written


def _written(begun: BegunParts, missing: Sequence[Part], model: str, device: str) -> Iterator[str]:
    """Names of parts, each once it is there; those that others write are left out."""
    share = shares(len(missing), device)
    at_once = min(MOST_PARTS, max(1, len(missing) // (CALLS * share.actors)))
    places = {part.name: place for place, part in enumerate(begun.plan.parts)}
    found = (
        ray()
        .data.from_items(
            [places[part.name] for part in missing],
            override_num_blocks=ceil(len(missing) / at_once),
        )
        .map_batches(
            PartWriter,
            fn_constructor_args=(_made_of(begun, model, device), share),
            batch_size=at_once,
            compute=ray().data.ActorPoolStrategy(size=share.actors),
            num_cpus=share.held,
            num_gpus=share.gpus,
        )
    )
    for row in found.iter_rows():
        if row["fault"]:
            raise pickle.loads(row["fault"])  # an actor of this run has made it, as all of Ray's
        if row["part"]:
            yield row["part"]


def _made_of(begun: BegunParts, model: str, device: str) -> dict[str, Any]:
    """Arguments with which an actor takes up the data set."""
    return {
        "inputs": [each.path for each in begun.plan.inputs],
        "model": model,
        "folder": str(begun.folder),
        "options": begun.options,
        "device": device,
    }


class PartWriter:
    """An actor that writes one part at a time.

    A fault that a user can mend is handed to the driver, which raises it: in Ray's own words it
    would be a fault of the program.

    Parameters
    ----------
    made_of
        Arguments of :func:`~bioassay_mtl.screening.parts.run.begin_parts`, which sees on each
        machine whether they are still what the data set was begun with.
    share
        Share of the cluster.
    """

    def __init__(self, made_of: dict[str, Any], share: Shares) -> None:
        self._made_of = made_of
        timeout = made_of["options"].molecule_timeout
        self._pool: Submits = (
            Pool(share.cores, timeout).__enter__()  # its workers end with this process
            if share.held
            else ClusterPool(share.cores, timeout)
        )

    @cached_property
    def _begun(self) -> BegunParts:
        return begin_parts(**self._made_of)

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:
        written, fault = list[str](), b""
        try:
            parts = [self._begun.plan.parts[place] for place in batch["item"].tolist()]
            run = PartsRun(self._begun, StageClock(), pool=self._pool)
            written.extend(part.name for part in run.written(parts))
        except BioassayError as error:
            fault = pickle.dumps(error)
        return {"part": [*written, ""], "fault": [b""] * len(written) + [fault]}
