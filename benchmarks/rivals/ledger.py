"""The results file: one JSON object a line, appended as work ends, read back to resume."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.rivals.scores import AssayScore


@dataclass(frozen=True)
class Entry:
    """One finished piece of work: one assay of a per-assay rival, or one seed of a network.

    Attributes
    ----------
    protocol, rival, features : str
    stage : str
        ``choice`` (scored on validation rows, to choose features) or ``final`` (on test rows).
    seed : int
    assays : list of str
        The assays of this piece that the scored rows can measure; may be empty.
    auc, ap : list of float
        Parallel to ``assays``.
    seconds : float
        Wall time on a shared machine.
    unit : str
        The assay fitted, or ``all``.
    notes : dict
        Epochs, reductions and so on.
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
    def key(self) -> tuple[str, str, str, str, int, str]:
        """What makes this piece of work the same as another."""
        return (self.protocol, self.rival, self.features, self.stage, self.seed, self.unit)

    @property
    def scores(self) -> dict[str, AssayScore]:
        """Scores by assay."""
        triples = zip(self.assays, self.auc, self.ap, strict=True)
        return {assay: AssayScore(auc, ap) for assay, auc, ap in triples}


class Ledger:
    """Entries of a JSONL file, or of this process alone where the path is None."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.entries: dict[tuple[str, str, str, str, int, str], Entry] = {}
        if path is not None and path.is_file():
            for line in path.read_text().splitlines():
                try:
                    entry = Entry(**json.loads(line))
                except json.JSONDecodeError:
                    continue  # The line that a kill cut short: its work is done again.
                self.entries[entry.key] = entry

    def get(self, key: tuple[str, str, str, str, int, str]) -> Entry | None:
        """Return the entry of that key if its work is done."""
        return self.entries.get(key)

    def add(self, entry: Entry) -> Entry:
        """Keep an entry and append it to the file."""
        self.entries[entry.key] = entry
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps(asdict(entry), separators=(",", ":"))
            cut_short = self.path.is_file() and not self.path.read_bytes().endswith(b"\n")
            with self.path.open("a") as stream:
                stream.write(("\n" if cut_short and self.path.stat().st_size else "") + text + "\n")
        return entry

    def select(self, protocol: str, rival: str, stage: str, features: str) -> list[Entry]:
        """Entries of one rival in one protocol and stage, in the order of the file."""
        wanted = (protocol, rival, stage, features)
        return [
            entry
            for entry in self.entries.values()
            if (entry.protocol, entry.rival, entry.stage, entry.features) == wanted
        ]


def make_entry(
    key: tuple[str, str, str, str, int, str],
    scores: dict[str, AssayScore],
    seconds: float,
    notes: dict[str, Any] | None = None,
) -> Entry:
    """Entry of a key, scores rounded to five digits."""
    protocol, rival, features, stage, seed, unit = key
    return Entry(
        protocol=protocol,
        rival=rival,
        features=features,
        stage=stage,
        seed=seed,
        unit=unit,
        assays=list(scores),
        auc=[round(score.auc, 5) for score in scores.values()],
        ap=[round(score.ap, 5) for score in scores.values()],
        seconds=round(seconds, 2),
        notes=notes or {},
    )


def merge(entries: Iterable[Entry]) -> dict[str, AssayScore]:
    """Scores by assay of several entries that cover different assays."""
    merged: dict[str, AssayScore] = {}
    for entry in entries:
        merged.update(entry.scores)
    return merged
