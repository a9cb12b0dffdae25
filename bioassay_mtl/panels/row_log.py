"""Log of the rows of a panel file: nothing is changed or left out without an entry here."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.errors import InputError
from bioassay_mtl.panels.decisions import ColumnDecision
from bioassay_mtl.tables.options import TableOptions
from bioassay_mtl.tables.table import place_of


class Outcome(str, Enum):
    """Outcome of a row that is not kept as it is."""

    HEADER = "row of the header"
    UNREADABLE = "unreadable value, left out"
    NO_VALUE = "nothing measured, left out"
    NO_ASSAY = "no assay named, left out"
    NOT_ASKED = "of an assay that was not asked for"
    NO_CALL = "no result, left out"
    SMALL_ASSAY = "assay has too few molecules, left out"
    UNKNOWN_QUALIFIER = "no qualifier, taken as exact"
    CONVERTED = "converted to pActivity"
    MERGED = "merged with other measurements of the molecule"
    CONTRADICTION = "contradicts another measurement of the molecule"
    STANDARDIZED = "molecule standardized"
    NO_STRUCTURE = "no SMILES, left out"
    INVALID_STRUCTURE = "SMILES cannot be used, left out"

    def __str__(self) -> str:
        return self.value


class Event(NamedTuple):
    """One outcome of some rows (numbered from 0) of a file, with a detail for each."""

    outcome: Outcome
    file: Path
    rows: NDArray[np.int64]
    column: str
    details: Sequence[str]


class Topic(str, Enum):
    """Topic of a note."""

    WORDS = "words"
    UNITS = "units"
    QUALIFIERS = "qualifiers"
    SIZES = "sizes"
    COLUMNS = "columns"
    DUPLICATES = "duplicates"
    ASSAYS = "assays"


class Note(NamedTuple):
    """A sentence about how a table was read."""

    topic: Topic
    text: str


class RowLog:
    """Collects events, and decisions about columns.

    Parameters
    ----------
    clean
        Leave out molecules that cannot be used, instead of keeping their rows.
    options
        Options with which the files were read, by which their rows are found again.
    """

    def __init__(self, clean: bool = False, options: TableOptions | None = None) -> None:
        self.clean, self.options = clean, options
        self.events: list[Event] = []
        self.notes: list[Note] = []
        """Layout and options of the table."""
        self.columns: list[ColumnDecision] = []
        """Decisions on columns."""

    def note(self, topic: Topic, text: str) -> None:
        """Say something once."""
        if (note := Note(topic, text)) not in self.notes:
            self.notes.append(note)

    def add(
        self,
        outcome: Outcome,
        file: Path,
        rows: NDArray[np.int64],
        column: str = "",
        details: Sequence[str] | str = "",
    ) -> None:
        """Record an outcome of some rows; nothing where there are none."""
        if len(rows):
            texts = [details] * len(rows) if isinstance(details, str) else details
            self.events.append(Event(outcome, file, rows, column, texts))

    def unreadable(
        self,
        file: Path,
        rows: NDArray[np.int64],
        column: str,
        texts: Sequence[str],
        expected: str,
        hint: str = "",
        *,
        measured: int,
    ) -> None:
        """Record cells that say nothing.

        Raises
        ------
        InputError
            If they are half of the `measured` cells, or more; it names the first.
        """
        if len(rows) and 2 * len(rows) >= measured:
            many = f" ({len(rows):,} of {measured:,} cells)" if measured > 1 else ""
            raise InputError(
                f"{expected}, found {texts[0][:80]!r}{many}",
                **place_of(file, int(rows[0]), self.options),
                column=column,
                hint=hint or None,
            )
        self.add(Outcome.UNREADABLE, file, rows, column, texts)

    def counts(self) -> dict[Outcome, int]:
        """Different rows by outcome, in the order of `Outcome`."""
        found = {}
        for outcome in Outcome:
            rows: dict[Path, list[NDArray[np.int64]]] = {}
            for event in self.events:
                if event.outcome is outcome:
                    rows.setdefault(event.file, []).append(event.rows)
            if rows:
                found[outcome] = sum(len(np.unique(np.concatenate(r))) for r in rows.values())
        return found

    def touched(self) -> int:
        """Different rows that have any entry."""
        files = {event.file for event in self.events}
        return sum(
            len(np.unique(np.concatenate([e.rows for e in self.events if e.file == file])))
            for file in files
        )
