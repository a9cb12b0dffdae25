"""Results files: one JSON object a line, appended as work ends, read back to resume; scores."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class AssayScore:
    """ROC-AUC and average precision of one assay."""

    auc: float
    ap: float


def score_assay(label: NDArray[Any], prediction: Floats) -> AssayScore | None:
    """Of one assay, labels -1 not measured; None where an active or an inactive is lacking."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    measured = label >= 0
    truth, guess = label[measured], prediction[measured]
    if truth.size == 0 or truth.min() == truth.max():
        return None
    return AssayScore(
        float(roc_auc_score(truth, guess)), float(average_precision_score(truth, guess))
    )


def score_all(
    label: NDArray[Any], prediction: Floats, tasks: tuple[str, ...]
) -> dict[str, AssayScore]:
    """Scores of every assay that has both classes, by assay name; arrays are (n, n_tasks)."""
    found = {
        task: score_assay(label[:, index], prediction[:, index]) for index, task in enumerate(tasks)
    }
    return {task: score for task, score in found.items() if score is not None}


def macro(scores: Mapping[str, AssayScore]) -> AssayScore:
    """Mean over assays, each assay counting once; NaN where there is none."""
    pairs = [(score.auc, score.ap) for score in scores.values()] or [(np.nan, np.nan)]
    return AssayScore(*np.mean(pairs, axis=0).tolist())


def macro_ap(label: NDArray[Any], prediction: Floats, tasks: tuple[str, ...]) -> float:
    """Macro average precision: what networks are stopped by, and settings chosen by."""
    return macro(score_all(label, prediction, tasks)).ap


T = TypeVar("T")
Floats = NDArray[np.floating]
RESULTS = Path(__file__).resolve().parents[1] / "results"
CACHE = Path(__file__).resolve().parents[2] / "cache"
"""What runs keep for themselves; git-ignored."""

Key = tuple[str, str, str, str, int, str]
"""Protocol, rival, features, stage, seed and unit of a piece of work."""


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
        made.append(work(key))
        if path:
            add_record(path, made[-1])
    return read_records(path) if path else made


@dataclass(frozen=True)
class Entry:
    """One finished piece of work: one assay of a per-assay rival, or one seed of a network.

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
    assays: list[str]
    auc: list[float]
    ap: list[float]
    seconds: float
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        """What makes this piece of work the same as another."""
        return (self.protocol, self.rival, self.features, self.stage, self.seed, self.unit)

    @property
    def metrics(self) -> dict[str, list[float]]:
        """By the name of a metric its values, parallel to ``assays``; the main one first."""
        values: dict[str, list[float]] | None = self.notes.get("values")
        return values or {"ap": self.ap, "auc": self.auc}


class Ledger:
    """Entries of a JSONL file, or of this process alone where the path is None."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        found = [Entry(**each) for each in read_records(path)] if path else []
        self.entries: dict[Key, Entry] = {entry.key: entry for entry in found}

    def get(self, key: Key) -> Entry | None:
        """Return the entry of that key if its work is done."""
        return self.entries.get(key)

    def add(self, entry: Entry) -> Entry:
        """Keep an entry and append it to the file."""
        self.entries[entry.key] = entry
        if self.path is not None:
            add_record(self.path, asdict(entry))
        return entry

    def select(self, **wanted: Any) -> list[Entry]:
        """Entries with these attributes, in the order of the file."""
        return [
            entry
            for entry in self.entries.values()
            if all(getattr(entry, name) == value for name, value in wanted.items())
        ]


def make_entry(
    key: Key,
    scores: Mapping[str, AssayScore],
    seconds: float,
    notes: dict[str, Any] | None = None,
) -> Entry:
    """Entry of a key, scores rounded to five digits."""
    auc = [round(score.auc, 5) for score in scores.values()]
    ap = [round(score.ap, 5) for score in scores.values()]
    return Entry(*key, [*scores], auc, ap, round(seconds, 2), notes or {})
