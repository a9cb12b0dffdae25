"""A screen whose results are parts: each is whole or absent, and none is done twice."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bioassay_mtl.chem.parallel import Submits
from bioassay_mtl.chem.status import Status
from bioassay_mtl.models.description import Predictor
from bioassay_mtl.models.loading import PendingModel
from bioassay_mtl.models.shipped import find_model
from bioassay_mtl.screening.batch import ScreenedBatch
from bioassay_mtl.screening.hits import lowest_first
from bioassay_mtl.screening.parts.folder import Counted, PartsFolder, Receipt, totals
from bioassay_mtl.screening.parts.plan import (
    Part,
    PartsOptions,
    Plan,
    Shard,
    check_same,
    check_unchanged,
    plan_of,
)
from bioassay_mtl.screening.parts.summary import PartsSummary
from bioassay_mtl.screening.pipeline import (
    Prepared,
    batches_of,
    check_inputs,
    columns_read,
    prepare,
)
from bioassay_mtl.screening.summary import StageClock
from bioassay_mtl.screening.writers import Writer, formats
from bioassay_mtl.tables import Portion

ALL = Shard()
"""All parts."""


def screen_parts(
    inputs: Sequence[str | Path],
    model: str | Path,
    folder: str | Path,
    options: PartsOptions | None = None,
    *,
    shard: Shard = ALL,
    device: str = "cpu",
    pool: Submits | None = None,
    watch: Sequence[Callable[[ScreenedBatch], None]] = (),
) -> PartsSummary:
    """Predict every record of some files into a data set of parts, or go on with one.

    Any number of processes, on any machines that see the folder, may do so at a time; each takes
    what no other has taken. However often they are killed, the data set is the same in the end.

    Parameters
    ----------
    inputs
        Files, as for :func:`~bioassay_mtl.screening.pipeline.screen`.
    model
        A shipped model, or a model folder.
    folder
        Folder of the data set (:class:`~bioassay_mtl.screening.parts.folder.PartsFolder`).
    options
        See :class:`~bioassay_mtl.screening.parts.plan.PartsOptions`.
    shard
        The share of the parts that is written here.
    device
        Device that the network runs on.
    pool
        Workers to ask, in place of own ones.
    watch
        Called with each batch once it is written.

    Raises
    ------
    OutputError
        The data set was begun with another model, other options or other inputs, or cannot be
        written.
    InputError, ConfigError
        An input or an option cannot be used.
    """
    start, clock = time.perf_counter(), StageClock()
    begun = begin_parts(inputs, model, folder, options, device=device)
    missing = begun.missing(shard)
    run = PartsRun(begun, clock, pool=pool, watch=watch)
    written = [part.name for part in run.written(missing)] if missing else []
    begun.folder.finish(begun.plan)
    seconds = {**clock.seconds, "total": time.perf_counter() - start}
    return summary_of(begun, seconds, written=written, elsewhere=run.elsewhere)


@dataclass(frozen=True)
class BegunParts:
    """A data set that can be written to.

    Parameters
    ----------
    folder, plan
        Folder of the data set, and the plan of it.
    model, options, prepared
        Model, options and preparation that it is written with.
    """

    folder: PartsFolder
    plan: Plan
    model: Predictor
    options: PartsOptions
    prepared: Prepared

    def missing(self, shard: Shard = ALL) -> list[Part]:
        """Parts of a share that are not finished."""
        own = shard.own(self.plan.parts)
        receipts = self.folder.receipts(self.plan, own)
        return [part for part, receipt in zip(own, receipts, strict=True) if receipt is None]


def begin_parts(
    inputs: Sequence[str | Path],
    model: str | Path,
    folder: str | Path,
    options: PartsOptions | None = None,
    *,
    device: str = "cpu",
) -> BegunParts:
    """Begin a data set, or take up one that was begun; nothing is predicted yet.

    Parameters and errors as of :func:`screen_parts`.
    """
    options = (options or PartsOptions()).checked()
    place, names = PartsFolder(folder), [str(path) for path in inputs]
    found = place.plan()
    described = PendingModel(model, device=device)
    described.featurizer.check_computed()
    prepared = prepare(described, options, with_file=len(names) > 1)
    wanted = plan_of(
        names,
        described.name,
        find_model(model),
        options,
        prepared.layout,
        device=device.partition(":")[0],
        lowest=lowest_first(described),
        knows_training=described.training_molecules is not None,
    )
    if found is None:
        check_inputs(names, options, columns_read(described, options))
        found = place.begin(wanted.cut(options))
    check_same(found, wanted, folder)
    place.make_room()
    place.reopen(found)
    return BegunParts(place, found, described, options, prepared)


class PartsRun:
    """Writes parts of a data set, one after the other in one stream of records.

    Parameters
    ----------
    begun
        The data set.
    clock
        Callback with the time of each stage.
    pool
        Workers to ask, in place of own ones.
    watch
        Called with each batch once it is written.

    Attributes
    ----------
    elsewhere
        Parts that other processes are writing.
    """

    def __init__(
        self,
        begun: BegunParts,
        clock: StageClock,
        *,
        pool: Submits | None = None,
        watch: Sequence[Callable[[ScreenedBatch], None]] = (),
    ) -> None:
        self._begun, self._clock, self._pool, self._watch = begun, clock, pool, watch
        self._open: deque[_OpenPart] = deque()
        self.elsewhere: list[Part] = []

    def written(self, parts: Sequence[Part]) -> Iterator[Part]:
        """Write some parts; each is told once it and its receipt are in place."""
        begun = self._begun
        with ExitStack() as stack:
            stack.callback(self._give_up)
            batches = stack.enter_context(
                closing(
                    batches_of(
                        self._claimed(parts),
                        begun.model,
                        begun.options,
                        begun.prepared,
                        self._clock,
                        pool=self._pool,
                    )
                )
            )
            for batch in batches:
                while not self._open[0].has(batch):
                    yield self._close()
                with self._clock.stage("writing"):
                    self._open[0].write(batch)
                for look in self._watch:
                    look(batch)
            while self._open:
                yield self._close()

    def _claimed(self, parts: Sequence[Part]) -> Iterator[Portion]:
        """Parts to read: those which nobody else writes, or has written."""
        folder, plan = self._begun.folder, self._begun.plan
        for part in parts:
            claim = folder.claimed(part, plan)
            if claim is None:
                self.elsewhere.append(part)
            elif folder.receipt(part, plan) is not None:
                claim.close()
            else:
                self._open.append(_OpenPart(part, claim, self._begun))
                yield part

    def _close(self) -> Part:
        with self._clock.stage("writing"):
            part = self._open[0].close()
        self._open.popleft()
        return part

    def _give_up(self) -> None:
        for each in self._open:
            each.give_up()


class _Abandoned(Exception):
    """A part that will not be whole."""


@dataclass
class _OpenPart:
    """A part that is being written.

    Parameters
    ----------
    part
        Part that is written.
    claim
        Lock of the part, and what else is to be closed.
    begun
        Data set of the part.
    """

    part: Part
    claim: ExitStack
    begun: BegunParts
    statuses: dict[str, int] = field(default_factory=dict)
    rows: int = 0
    in_training: int = 0
    _writer: Writer | None = None

    def has(self, batch: ScreenedBatch) -> bool:
        """Whether a batch, which is of this part or of a later one, is of this one."""
        first, rows = self.part.first_row, self.part.rows
        is_within = rows is None or batch.first_row < first + rows
        return is_within and batch.file == self.part.file and batch.first_row >= first + self.rows

    def write(self, batch: ScreenedBatch) -> None:
        """Add a batch."""
        self._opened().write(batch)
        self.rows += len(batch)
        for status, n in enumerate(np.bincount(batch.status, minlength=len(Status)).tolist()):
            name = Status.from_code(status).value
            self.statuses[name] = self.statuses.get(name, 0) + n
        self.in_training += 0 if batch.in_training is None else int(batch.in_training.sum())

    def close(self) -> Part:
        """Put the part and its receipt in place, if its input is still what it was."""
        folder, plan = self.begun.folder, self.begun.plan
        check_unchanged(plan, self.part.path)
        self._opened().close()
        self._place.close()
        receipt = Receipt(
            rows=self.rows,
            statuses={name: n for name, n in self.statuses.items() if n},
            in_training=self.in_training if plan.table.knows_training else None,
            formula_cells=self._layout.guard.found,
            bytes=self._sink.tell(),
            sha256=self._sink.sha256,
        )
        folder.put(self.part, receipt)
        self.claim.close()
        return self.part

    def give_up(self) -> None:
        """Leave nothing of the part."""
        fault = _Abandoned()
        self.claim.__exit__(_Abandoned, fault, None)

    def _opened(self) -> Writer:
        if self._writer is None:
            folder, plan = self.begun.folder, self.begun.plan
            self._place = self.claim.enter_context(ExitStack())
            self._sink: Counted = self._place.enter_context(folder.opened(self.part, plan))
            self._layout = plan.table.layout(quote=self.begun.options.spreadsheet_safe)
            form = formats[str(self.begun.options.format)]
            self._writer = form.open(self._sink.as_binary(), self._layout)
        return self._writer


def summary_of(
    begun: BegunParts,
    seconds: dict[str, float],
    *,
    written: Collection[str],
    elsewhere: Collection[Part] = (),
) -> PartsSummary:
    """Summary of a data set as it is now.

    `written` names the parts that were written here, `elsewhere` are those that others wrote at a
    time: some may be finished by now.
    """
    plan = begun.plan
    found = zip(plan.parts, begun.folder.receipts(plan), strict=True)
    there = {part.name: receipt for part, receipt in found if receipt is not None}
    return PartsSummary(
        model=begun.model.name,
        inputs=[each.path for each in plan.inputs],
        output=str(begun.folder),
        assays=begun.prepared.n_assays,
        seconds=seconds,
        parts=len(plan.parts),
        finished=len(there),
        written=len(written),
        elsewhere=sum(part.name not in there for part in elsewhere),
        rows_here=sum(there[name].rows for name in written if name in there),
        **totals([receipt.model_dump() for receipt in there.values()]),
    )
