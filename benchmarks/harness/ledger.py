"""Results files: one JSON object a line, appended as work ends, and read back to resume."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.provenance import provenance
from benchmarks.harness.study import report
from bioassay_mtl.metrics import average_precision, roc_auc

T = TypeVar("T")
Floats = NDArray[np.floating]
RESULTS = Path(__file__).resolve().parents[1] / "results"
CACHE = Path(__file__).resolve().parents[2] / "cache"
"""What runs keep for themselves; git-ignored."""

Key = tuple[str, str, str, str, int, str]
"""Protocol, model, features, stage, seed and unit of a piece of work."""


def read_records(path: Path) -> list[dict[str, Any]]:
    """Lines of a file; of one that a kill has cut short, nothing: its work is done again."""
    lines = path.read_text().splitlines() if path.is_file() else []
    return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]


def add_record(path: Path, record: Mapping[str, Any]) -> None:
    """Append a line, not to one that a kill has cut short."""
    path.parent.mkdir(parents=True, exist_ok=True)
    before = path.read_bytes() if path.is_file() else b""
    with path.open("a") as stream:
        stream.write("\n" if before and not before.endswith(b"\n") else "")
        stream.write(json.dumps(record) + "\n")


def go_on(
    path: Path | None,
    plan: Iterable[T],
    key_of: Callable[[dict[str, Any]], T],
    work: Callable[[T], dict[str, Any]],
    until: float = math.inf,
) -> list[dict[str, Any]]:
    """All records of a file, once what is planned and not among them is done, and kept.

    ``plan`` are keys, ``key_of`` finds that of a record, ``work`` makes the record of a key; none
    is begun after ``until`` (of :func:`time.monotonic`), nor where another process has kept it
    meanwhile. Without a file nothing is kept.
    """
    made: list[dict[str, Any]] = []
    for key in plan:
        if key in map(key_of, read_records(path) if path else made):
            continue
        if time.monotonic() > until:
            break
        start = time.process_time()
        record = work(key)
        spent = {"cpu_seconds": round(time.process_time() - start, 1)}
        made.append(spent | record | {"made_with": provenance()})
        if path:
            add_record(path, made[-1])
    return read_records(path) if path else made


@dataclass(frozen=True)
class Entry:
    """One finished piece of work: one assay of a per-assay model, or one seed of a network.

    ``rival`` is what is compared, ``unit`` the assay fitted, or ``all``; ``auc`` and ``ap`` are
    those of the assays that the scored rows can measure, which may be none; ``seconds`` are by the
    clock; ``notes`` are settings, epochs and so on, and ``values`` the scores of assays of values.
    """

    protocol: str
    rival: str
    features: str
    stage: str
    seed: int
    unit: str
    assays: list[str] = field(default_factory=list)
    auc: list[float] = field(default_factory=list)
    ap: list[float] = field(default_factory=list)
    seconds: float = 0.0
    notes: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def scored(
        cls, key: Key, labels: NDArray[Any], guess: Floats, tasks: Sequence[str], **notes: Any
    ) -> Entry:
        """Scores of the assays that have both outcomes; labels ``(n, T)``, -1 not measured."""
        scores = np.stack([roc_auc(labels, guess), average_precision(labels, guess)])
        kept = np.flatnonzero(~np.isnan(scores[0])).tolist()
        auc, ap = scores[:, kept].round(5).tolist()
        return cls(*key, [tasks[place] for place in kept], auc, ap, notes=notes)

    @property
    def key(self) -> Key:
        """What makes this piece of work the same as another."""
        return (self.protocol, self.rival, self.features, self.stage, self.seed, self.unit)

    @property
    def metrics(self) -> dict[str, list[float]]:
        """By the name of a metric its values, parallel to ``assays``; the main one first."""
        values: dict[str, list[float]] | None = self.notes.get("values")
        return values or {"ap": self.ap, "auc": self.auc}

    def show(self) -> None:
        case = f"{self.protocol} {self.stage} {self.rival} seed {self.seed}"
        for metric, values in self.metrics.items():
            if values:
                report(case, f"macro_{metric}", float(np.mean(values)), "1")
        if "cpu_seconds" in self.notes:
            report(case, "cpu", self.notes["cpu_seconds"], "s")


class Ledger:
    """Entries of a JSONL file, or of this process alone where the path is None."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        found = [Entry(**each) for each in read_records(path)] if path else []
        self.entries: dict[Key, Entry] = {entry.key: entry for entry in found}

    def get(self, key: Key) -> Entry | None:
        return self.entries.get(key)

    def add(self, entry: Entry) -> Entry:
        """Keep an entry and append it to the file."""
        self.entries[entry.key] = entry
        if self.path is not None:
            add_record(self.path, asdict(entry))
        return entry

    def once(self, key: Key, work: Callable[[], Entry]) -> Entry:
        """The entry of a key: where its work is not done it is done, timed, kept and shown.

        Processor time is that of this process and of the programs that it ran, where ``notes`` do
        not say another.
        """
        if done := self.get(key):
            return done
        start, cpu = time.perf_counter(), sum(os.times()[:4])
        made = work()
        seconds, cpu = time.perf_counter() - start, sum(os.times()[:4]) - cpu
        return self.keep(replace(made, notes={"cpu_seconds": round(cpu, 1)} | made.notes), seconds)

    def keep(self, made: Entry, seconds: float) -> Entry:
        """Keep and show what is made, with what and in which time."""
        notes = {"made_with": provenance()} | made.notes
        entry = self.add(replace(made, seconds=round(seconds, 2), notes=notes))
        entry.show()
        return entry

    def select(self, **wanted: Any) -> list[Entry]:
        """Entries with these attributes, in the order of the file."""
        return [
            entry
            for entry in self.entries.values()
            if all(getattr(entry, name) == value for name, value in wanted.items())
        ]
