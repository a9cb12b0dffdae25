"""Finished work, read back from a results file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.mtl_study.cases import Cell
from benchmarks.rivals.ledger import Entry, Ledger

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Outcome:
    """The finalist of one cell, with every seed."""

    cell: Cell
    entries: tuple[Entry, ...]

    @property
    def settings(self) -> dict[str, Any]:
        """Of its best trial."""
        settings: dict[str, Any] = self.entries[0].notes["settings"]
        return settings

    def scores(self, metric: str) -> Scores:
        """``(n_seeds, n_assays)`` test scores, ``ap`` or ``auc``."""
        return np.array([getattr(entry, metric) for entry in self.entries])

    def per_assay(self, metric: str) -> Scores:
        """``(n_assays,)`` means over the seeds."""
        means: Scores = self.scores(metric).mean(axis=0)
        return means

    def macro(self, metric: str) -> tuple[float, float]:
        """Mean over assays, and its standard deviation over seeds."""
        each = self.scores(metric).mean(axis=1)
        return float(each.mean()), float(each.std(ddof=1)) if len(each) > 1 else 0.0

    @property
    def seconds(self) -> float:
        """Median training time: of the processor on a CPU (others use it too), else of the wall."""
        cpu = "no GPU" in self.entries[0].notes["made_with"]["machine"]
        return float(
            np.median([e.notes["cpu_seconds"] if cpu else e.seconds for e in self.entries])
        )

    @property
    def megabytes(self) -> float | None:
        """Largest peak memory, None where it is not known."""
        known = [e.notes["peak_mb"] for e in self.entries if e.notes["peak_mb"] is not None]
        return max(known, default=None)

    @property
    def curve(self) -> Scores:
        """``(n_seeds, n_epochs)`` validation macro average precision."""
        return np.array([entry.notes["curve"] for entry in self.entries])


@dataclass(frozen=True)
class StudyOutcomes:
    """All finalists of one dataset at one size.

    Attributes
    ----------
    dataset, preset : str
    about : dict
        What the results file says of the rows and of the preset.
    made_with : dict
        Versions, commit and device of the last finished work.
    finalists : dict
        By cell, those with every seed.
    unfinished : tuple of str
        Names of cells that lack some of their work.
    """

    dataset: str
    preset: str
    about: dict[str, Any]
    made_with: dict[str, Any]
    finalists: dict[Cell, Outcome]
    unfinished: tuple[str, ...]

    @property
    def name(self) -> str:
        """Of its files: ``pcba-small``."""
        return f"{self.dataset}-{self.preset}"

    def actives(self) -> NDArray[np.int64]:
        """Active molecules, among the rows fitted on, of each assay that is scored."""
        counts = dict(zip(self.about["tasks"], self.about["actives"], strict=True))
        scored = next(iter(self.finalists.values())).entries[0].assays
        return np.array([counts[task] for task in scored])


def read_outcomes(results: Path) -> list[StudyOutcomes]:
    """Every study in a folder that has a finalist, in the order of the names of its files."""
    found = (_read(path) for path in sorted(results.glob("mtl_study-*.jsonl")))
    return [study for study in found if study is not None and study.finalists]


def _read(path: Path) -> StudyOutcomes | None:
    entries = list(Ledger(path).entries.values())
    about = [entry for entry in entries if entry.stage == "data"]
    if not about:
        return None
    data = about[-1]
    preset = data.notes["preset"]
    names = ("rows", "width", "epochs", "batch_size", "precision")
    size = [preset[name] for name in names]
    work = [entry for entry in entries if entry.notes.get("preset") == size]
    finalists, unfinished = {}, []
    for name in dict.fromkeys(entry.rival for entry in work):
        model, balancer = name.split(" + ")
        tests = [e for e in work if e.rival == name and e.stage == "test"]
        tests = sorted((e for e in tests if e.seed in preset["seeds"]), key=lambda e: e.seed)
        whole = len(tests) == len(preset["seeds"])
        if whole and all(e.notes["settings"] == tests[0].notes["settings"] for e in tests):
            finalists[Cell(model, balancer)] = Outcome(Cell(model, balancer), tuple(tests))
        else:
            unfinished.append(name)
    last = (work or about)[-1].notes["made_with"]
    return StudyOutcomes(
        data.protocol, data.features, data.notes, last, finalists, tuple(unfinished)
    )
