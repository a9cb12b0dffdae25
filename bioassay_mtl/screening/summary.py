"""Summary of a screen, and how long each stage took."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from bioassay_mtl.chem.status import Status

T = TypeVar("T")

STAGES = ("reading", "featurising", "predicting", "writing")
ANNOTATING = "annotating"
"""Stage of screens that annotate, and of no others."""


class StageClock:
    """Seconds spent in each stage.

    Stages overlap: molecules are parsed in worker processes (``featurising`` is the time that the
    main process waited for them), and the network runs in threads (``predicting`` is their time).
    """

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(STAGES, 0.0)
        self._lock = threading.Lock()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the body's time."""
        start = time.perf_counter()
        try:
            yield
        finally:
            with self._lock:
                self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start

    def timed(self, name: str, items: Iterable[T], *, without: str | None = None) -> Iterator[T]:
        """Pass items on, counting the time that each takes to arrive.

        Parameters
        ----------
        name
            The stage that it counts for.
        items
            Items to pass on.
        without
            A stage that this one calls for, whose time is not counted twice.
        """
        source = iter(items)
        while True:
            inner = self.seconds[without] if without else 0.0
            with self.stage(name):
                item = next(source, _END)
            if without:
                self.seconds[name] -= self.seconds[without] - inner
            if item is _END:
                return
            yield item  # type: ignore[misc]


_END = object()

NO_MOLECULES = (
    Status.EMPTY,
    Status.INVALID_SMILES,
    Status.INVALID_MOLBLOCK,
    Status.MALFORMED_ROW,
)
_NEARLY_ALL = 0.9


@dataclass(frozen=True)
class ScreenSummary:
    """The outcome of one screen.

    Attributes
    ----------
    model, inputs, output
        Names that were asked for; ``-`` is a standard stream.
    rows
        Input records read.
    statuses
        Records by status, ``ok`` first, those that occurred.
    assays
        Assays written.
    in_training
        Records whose molecules the model was trained on; None where it does not know them.
    formula_cells
        Cells of text that spreadsheets would run as formulas, had they no apostrophe before them.
    selected
        Rows of the table of selected molecules; None where none were to be selected.
    selected_inactive
        Share of these that are inactive, as their own probabilities have it.
    seconds
        Seconds by stage, and ``total``: wall time from the first record asked for to the file in
        place.
    """

    model: str
    inputs: list[str]
    output: str
    rows: int
    statuses: dict[str, int]
    assays: int
    seconds: dict[str, float]
    in_training: int | None = None
    formula_cells: int = 0
    selected: int | None = None
    selected_inactive: float | None = None

    @property
    def is_unusable(self) -> bool:
        """Whether nearly all records are no molecules: the input is likely not what it seems."""
        return sum(self.statuses.get(s.value, 0) for s in NO_MOLECULES) > _NEARLY_ALL * self.rows

    @property
    def rows_timed(self) -> int:
        """Rows that the seconds were spent on."""
        return self.rows

    @property
    def molecules_per_second(self) -> dict[str, float | None]:
        """Rows timed over the seconds of each stage and in total; None where no time was spent."""
        return {
            stage: round(self.rows_timed / seconds, 1) if seconds else None
            for stage, seconds in self.seconds.items()
        }

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            **asdict(self),
            "seconds": {stage: round(value, 4) for stage, value in self.seconds.items()},
            "molecules_per_second": self.molecules_per_second,
        }
