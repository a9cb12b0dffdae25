"""What a screen did, and how long each stage took."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")

STAGES = ("reading", "featurising", "predicting", "writing")


@dataclass
class StageClock:
    """Seconds that the main process spent in each stage.

    Molecules are parsed in worker processes; ``featurising`` is the time that the main process
    waited for them, so that the stages add up to the total.
    """

    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the body's time."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] += time.perf_counter() - start

    def timed(self, name: str, items: Iterable[T]) -> Iterator[T]:
        """Pass items on, counting the time that each takes to arrive.

        Time counted under other names meanwhile (a source timed on its own) is not counted twice.
        """
        source = iter(items)
        while True:
            start, counted = time.perf_counter(), self.total
            try:
                item = next(source)
            except StopIteration:
                return
            finally:
                elsewhere = self.total - counted
                self.seconds[name] += max(0.0, time.perf_counter() - start - elsewhere)
            yield item

    @property
    def total(self) -> float:
        """Seconds in all stages."""
        return sum(self.seconds.values())


@dataclass(frozen=True)
class ScreenSummary:
    """The outcome of one screen.

    Attributes
    ----------
    model, inputs, output
        What was asked for, by name; ``-`` is a standard stream.
    rows
        Input records read.
    statuses
        Records by status, ``ok`` first, those that occurred.
    assays
        Assays written.
    seconds
        By stage, and ``total``: wall time from the first record asked for to the file in place.
    """

    model: str
    inputs: list[str]
    output: str
    rows: int
    statuses: dict[str, int]
    assays: int
    seconds: dict[str, float]

    @property
    def molecules_per_second(self) -> dict[str, float | None]:
        """Rows over the seconds of each stage and in total; None where no time was spent."""
        return {
            stage: round(self.rows / seconds, 1) if seconds else None
            for stage, seconds in self.seconds.items()
        }

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            **asdict(self),
            "seconds": {stage: round(value, 4) for stage, value in self.seconds.items()},
            "molecules_per_second": self.molecules_per_second,
        }
