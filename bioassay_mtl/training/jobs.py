"""Number of trainings at a time, and who starts the process of each."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Protocol

from bioassay_mtl.errors import WorkerError

Heard = SimpleQueue[tuple[int, Any]]
"""Messages of processes, each with the place of its process; ``(None, None)`` is the last."""


class Process(Protocol):
    """A process that trains, wherever it is."""

    def say(self, what: object) -> None:
        """Tell it something; nothing happens if it is dead."""
        ...

    def death(self) -> WorkerError:
        """Error that says what it died of."""
        ...


class Start(Protocol):
    """Starts a process, which trains until the end of the block."""

    def __call__(
        self, place: int, data: Path, n_threads: int, heard: Heard
    ) -> AbstractContextManager[Process]:
        """Parameters: its place among all, file of the trainings, its threads, its messages."""
        ...


@dataclass(frozen=True)
class Jobs:
    """How many trainings run at a time, and where.

    Parameters
    ----------
    n
        Number of trainings at a time.
    start
        Starts the process of each; None for one of this machine.
    """

    n: int = 1
    start: Start | None = None

    @staticmethod
    def of(jobs: int | Jobs) -> Jobs:
        """Jobs of this machine, where a number of them is given."""
        return jobs if isinstance(jobs, Jobs) else Jobs(jobs)
