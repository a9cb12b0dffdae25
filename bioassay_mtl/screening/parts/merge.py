"""Parts joined: all rows in one table, or the best of each assay, in constant memory."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from bioassay_mtl.config import Config
from bioassay_mtl.errors import ConfigError, InputError, OutputError, counted
from bioassay_mtl.files import sha256_of
from bioassay_mtl.screening.batch import ScreenedBatch
from bioassay_mtl.screening.options import ScreenOptions
from bioassay_mtl.screening.output import STDOUT, Output
from bioassay_mtl.screening.parts.folder import PartsFolder, Receipt, totals
from bioassay_mtl.screening.parts.plan import Part, Plan, rows_before
from bioassay_mtl.screening.parts.reading import batches_in
from bioassay_mtl.screening.parts.summary import PartsSummary
from bioassay_mtl.screening.pipeline import writer_of
from bioassay_mtl.screening.select import P_VALUE, SelectWriter
from bioassay_mtl.screening.summary import StageClock
from bioassay_mtl.screening.writers import choose_format
from bioassay_mtl.wording import setting


class MergeOptions(Config):
    """Settings of :func:`merge`; those of :class:`ScreenOptions` mean what they mean there.

    Attributes
    ----------
    top, select, long, new_only, format, overwrite, spreadsheet_safe
        See :class:`~bioassay_mtl.screening.options.ScreenOptions`.
    partial
        Take the parts that are there, where some are missing.
    """

    top: int | None = Field(default=None, ge=1)
    select: float | None = Field(default=None, gt=0, lt=1)
    long: bool = False
    new_only: bool = False
    format: str | None = None
    overwrite: bool = False
    spreadsheet_safe: bool = False
    partial: bool = False

    @property
    def as_screen(self) -> ScreenOptions:
        """Options that a screen has, too; a ConfigError where they exclude each other."""
        return ScreenOptions(**self.model_dump(exclude={"partial"}))


def merge(
    folder: str | Path, output: str | Path = STDOUT, options: MergeOptions | None = None
) -> PartsSummary:
    """Join the parts of a data set into what one screen of all inputs would have written.

    Rows are counted over all inputs, as a screen does. Where parts are missing and that is allowed,
    the output is called ``NAME.partial.SUFFIX``, and rows are counted over what is there.

    Parameters
    ----------
    folder
        Folder of :func:`~bioassay_mtl.screening.parts.run.screen_parts`.
    output
        File to write; ``-`` is standard output.
    options
        See :class:`MergeOptions`.

    Raises
    ------
    InputError
        The folder is none of parts, parts are missing, or one is not what its receipt says.
    OutputError, ConfigError
        The output, or an option, cannot be used.
    """
    start, clock = time.perf_counter(), StageClock()
    options = options or MergeOptions()
    screened = options.as_screen
    parts = _Parts(PartsFolder(folder), options.partial)
    if options.select and all(each["name"] != P_VALUE for each in parts.plan.table.beside):
        raise ConfigError(
            f"{setting('select')} needs p-values, which these parts lack: screen again into "
            "another folder with p-values (screen --p-values)"
        )
    if options.new_only and not parts.plan.table.knows_training:
        raise ConfigError("the model does not know its training molecules (new_only)")
    named = parts.named(output)
    if parts.folder.holds(named):
        raise OutputError(f"{named}: is among the parts that are joined (choose another place)")
    target = Output(named, overwrite=options.overwrite)
    form = choose_format(options.format, named)
    layout = parts.plan.table.layout(long=options.long, quote=options.spreadsheet_safe)
    with target.opened() as sink, clock.stage("writing"):
        writer = writer_of(sink, layout, screened, form, target.folder)
        for batch in parts.batches(options.new_only):
            writer.write(batch)
        writer.close()
    said = totals([receipt.model_dump() for _, receipt in parts.there])
    return PartsSummary(
        model=parts.plan.model["name"],
        inputs=[each.path for each in parts.plan.inputs],
        output=target.name,
        assays=len(layout.assays),
        selected=writer.n_selected if isinstance(writer, SelectWriter) else None,
        selected_inactive=writer.inactive if isinstance(writer, SelectWriter) else None,
        seconds={**clock.seconds, "total": time.perf_counter() - start},
        parts=len(parts.plan.parts),
        finished=len(parts.there),
        **said | {"formula_cells": layout.guard.found},
    )


class _Parts:
    """The parts that are there.

    Parameters
    ----------
    folder
        Folder of the parts.
    partial
        Whether some may be missing.
    """

    def __init__(self, folder: PartsFolder, partial: bool) -> None:
        self.folder = folder
        self.plan = self._plan()
        receipts = folder.receipts(self.plan)
        self.there: list[tuple[Part, Receipt]] = [
            (part, receipt)
            for part, receipt in zip(self.plan.parts, receipts, strict=True)
            if receipt is not None
        ]
        self.n_missing = len(receipts) - len(self.there)
        if self.n_missing and not partial:
            raise InputError(
                f"{self.n_missing:,} of {counted(len(receipts), 'part')} still to be written",
                file=folder.path,
                hint="run the screen again, which goes on; or join what is there with "
                f"{setting('partial')}",
            )
        rows = [
            part.rows if receipt is None else receipt.rows
            for part, receipt in zip(self.plan.parts, receipts, strict=True)
        ]
        self._before = rows_before(self.plan, rows)

    def _plan(self) -> Plan:
        plan = self.folder.plan()
        if plan is None:
            raise InputError(
                "is no data set of parts",
                file=self.folder.path,
                hint="a screen in parts makes one",
            )
        return plan

    def named(self, output: str | Path) -> str | Path:
        """The output's name, which says where it is not of all parts."""
        if not self.n_missing:
            return output
        if str(output) == STDOUT:
            raise ConfigError(
                f"name a file ({setting('output')}): on standard output nothing would say that "
                f"some of it is missing ({counted(self.n_missing, 'part')})"
            )
        path = Path(output)
        stem, dot, suffixes = path.name.partition(".")
        return path.with_name(f"{stem}.partial{dot}{suffixes}")

    def batches(self, new_only: bool) -> Iterator[ScreenedBatch]:
        """Batches of all parts, in the order of the records."""
        for part, receipt in self.there:
            if part.rows not in (None, receipt.rows):
                raise InputError(
                    f"{counted(receipt.rows, 'record')} are in the place of {part.rows:,}",
                    file=f"{self.folder}/{self.folder.part_name(part, self.plan)}",
                    hint="delete it and run the screen again, which writes it anew",
                )
            with self.folder.read_part(part, self.plan) as file:
                if sha256_of(file) != receipt.sha256:
                    raise InputError(
                        "is not what its receipt says: it was changed, or is damaged",
                        file=f"{self.folder}/{self.folder.part_name(part, self.plan)}",
                        hint="delete it and run the screen again, which writes it anew",
                    )
                file.seek(0)
                yield from batches_in(
                    file,
                    part,
                    self.plan,
                    row_offset=self._before[part.path],
                    new_only=new_only,
                )
