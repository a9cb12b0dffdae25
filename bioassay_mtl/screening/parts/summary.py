"""Summary of a data set of parts."""

from __future__ import annotations

from dataclasses import dataclass

from bioassay_mtl.screening.summary import ScreenSummary


@dataclass(frozen=True)
class PartsSummary(ScreenSummary):
    """The outcome of one run; numbers of records are those of all parts that are finished.

    Attributes
    ----------
    parts, finished
        All parts of the data set, and those that are finished.
    written
        Parts that this run wrote.
    elsewhere
        Parts of this run's share that other processes are writing.
    rows_here
        Records that this run went through; None for all.
    """

    parts: int = 0
    finished: int = 0
    written: int = 0
    elsewhere: int = 0
    rows_here: int | None = None

    @property
    def rows_timed(self) -> int:
        """Rows that the seconds were spent on."""
        return self.rows if self.rows_here is None else self.rows_here

    @property
    def is_complete(self) -> bool:
        """Whether all parts are there."""
        return self.finished == self.parts
