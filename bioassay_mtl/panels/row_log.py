"""What became of the rows of a panel file: nothing is changed or left out without an entry here."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.errors import InputError
from bioassay_mtl.tables.table import IN_MEMORY, place_of


class Outcome(str, Enum):
    """What may become of a row, besides being kept as it is."""

    HEADER = "row of the header"
    UNREADABLE = "unreadable value, left out"
    NO_VALUE = "nothing measured, left out"
    NO_ASSAY = "no assay named, left out"
    NOT_ASKED = "of an assay that was not asked for"
    NO_CALL = "neither active nor inactive, left out"
    SMALL_ASSAY = "assay has too few molecules, left out"
    UNKNOWN_QUALIFIER = "no qualifier, taken as exact"
    CONVERTED = "converted to the p-scale"
    MERGED = "merged with other measurements of the molecule"
    CONTRADICTION = "contradicts another measurement of the molecule"
    STANDARDISED = "molecule standardised"
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


class RowLog:
    """Collects events.

    Parameters
    ----------
    strict
        Raise an error at a cell that cannot be read, instead of leaving it out.
    """

    def __init__(self, strict: bool = True) -> None:
        self.strict = strict
        self.events: list[Event] = []
        self.notes: list[str] = []
        """What was decided about columns, in words."""
        self.left_out: dict[str, str] = {}
        """Columns that were not taken for assays, and what they hold."""

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
    ) -> None:
        """Record cells that say nothing, or raise an error that names the first."""
        if len(rows) and self.strict:
            leave = "`bioassay-mtl panel check --out` leaves such cells out and logs them"
            hints = [hint, leave if file != IN_MEMORY else ""]
            raise InputError(
                f"{expected}, found {texts[0][:80]!r}",
                **place_of(file, int(rows[0])),
                column=column,
                hint="; ".join(filter(None, hints)),
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
