"""Records survived: good, bad and hard ones, screened with a shipped model through the command.

``python -m tests.robustness.records [--records N] [--seed N] [--quick]``

Half of the records are in a SMILES file, half in a table. Every record must have its row, in its
place, with a plausible status; every real molecule the status and the value that it has when it is
predicted by itself; and nothing may hang, or take a gigabyte.
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.harness.molecules import smiles_of
from benchmarks.harness.running import Watched, watched
from benchmarks.harness.study import report
from tests.robustness.record_files import Entry, entries, write_csv, write_smi

N_RECORDS = 100_000
N_QUICK = 5_000
N_QUICK_HARD = 6
N_ALONE = 500
SECONDS = 900
"""After which a screen hangs."""
WRITERS: dict[str, Callable[[Path, Sequence[Entry]], list[Entry]]] = {
    "smi": write_smi,
    "csv": write_csv,
}


GIVEN_UP = frozenset({"timed_out", "failed"})
PLAUSIBLE: Mapping[str, frozenset[str]] = {
    "mutated": frozenset({"ok", "invalid_smiles", "too_large"}) | GIVEN_UP,
    "hard": frozenset({"ok", "invalid_smiles", "too_large", "featurization_failed"}) | GIVEN_UP,
    "blank": frozenset({"empty"}),
    "malformed": frozenset({"malformed_row"}),
    "long structure": frozenset({"too_large", "too_long"}),
    "beyond the limit": frozenset({"too_long"}),
}
"""Statuses that a kind of record may have; any other kind has a real molecule's."""


class Row(NamedTuple):
    """What a table says of a record: as text, the value of the first assay last."""

    row: str
    id: str
    smiles: str
    status: str
    value: str


FAULTS = ("lost", "shifted", "changed", "implausible", "wrong")
Alone = Mapping[str, tuple[str, str]]
"""Status and first value, as text, that a molecule has when it is predicted by itself."""


def read_rows(path: Path) -> list[Row]:
    """The first columns of a table that was written."""
    before = csv.field_size_limit(sys.maxsize)
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.reader(file)
            header = next(rows)
            place = [header.index(name) for name in ("row", "id", "smiles", "status")]
            place.append(place[-1] + 2)
            return [Row(*(row[i] for i in place)) for row in rows]
    finally:
        csv.field_size_limit(before)


def faults(records: Sequence[Entry], rows: Sequence[Row], alone: Alone) -> Counter[str]:
    """How often each thing is wrong; also how many values were ``compared``.

    ``records`` were screened, ``rows`` written; ``alone`` predicts some real molecules.
    """
    found = Counter(lost=abs(len(records) - len(rows)), shifted=0, implausible=0, wrong=0)
    for number, (entry, row) in enumerate(zip(records, rows, strict=False), 1):
        found.update(_faults(number, entry, row, alone))
    return found


def _faults(number: int, entry: Entry, row: Row, alone: Alone) -> Iterator[str]:
    name = "" if row.status == "too_long" else entry.id  # nothing of it is kept
    if row.row != str(number) or row.id.partition(" ")[0] != name:
        yield "shifted"
    elif row.status != "too_long" and not _same_text(entry, row):
        yield "changed"
    plausible = PLAUSIBLE.get(entry.kind)
    if plausible is not None:
        if row.status not in plausible:
            yield "implausible"
    elif entry.smiles in alone:
        yield "compared"
        if (row.status, row.value) != alone[entry.smiles]:
            yield "wrong"
    if (row.value == "") != (row.status != "ok"):
        yield "implausible"


def _same_text(entry: Entry, row: Row) -> bool:
    """The structure as given, and the length of the name."""
    kept = {entry.smiles, *[""] * (row.status == "too_large")}
    return row.smiles in kept and (entry.kind != "long name" or row.id.encode() == entry.name)


def predicted_alone(smiles: Sequence[str]) -> Alone:
    """Each molecule's status and first value, predicted in Python without any bad company."""
    import bioassay_mtl

    model = bioassay_mtl.load("pcba128")
    table = model.predict(list(smiles))
    rows = zip(smiles, table["status"], table.iloc[:, 1], strict=True)
    return {
        each: (status, f"{value:.6f}" if status == "ok" else "") for each, status, value in rows
    }


def report_screen(
    case: str, records: Sequence[Entry], rows: Sequence[Row], ended: Watched, found: Counter[str]
) -> bool:
    """Print what came of a screen; whether it is as it should be."""
    code = -1 if ended.code is None else ended.code
    n_hard = sum(entry.kind == "hard" for entry in records)
    counts = {"records": len(records), "hard records": n_hard, "compared": found["compared"]}
    for metric, count in counts.items():
        report(case, metric, count, "records")
    report(case, "exit code", code, "", "== 0")
    for fault in FAULTS:
        report(case, fault, found[fault], "records", "== 0")
    report(case, "wall", ended.seconds, "s")
    report(case, "rate", len(records) / ended.seconds, "records/s")
    report(case, "peak_memory", ended.together, "MB", "< 1000")
    for status, count in Counter(row.status for row in rows).most_common():
        report(case, f"status {status}", count, "records")
    given_up = sum(row.status in GIVEN_UP for row in rows)
    report(case, "given up", given_up, "records", f"<= {n_hard}")
    wrong = any(found[fault] for fault in FAULTS)
    return not (code or wrong or ended.together >= 1000 or given_up > n_hard)


def main(arguments: list[str] | None = None) -> int:
    """Screen; the exit code is 1 where something is not as it should be."""
    parser = argparse.ArgumentParser(prog="tests.robustness.records")
    parser.add_argument("--records", type=int, default=N_RECORDS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help=f"{N_QUICK:,} records")
    given = parser.parse_args(arguments)
    n = min(given.records, N_QUICK) if given.quick else given.records
    n_hard = N_QUICK_HARD if given.quick else None
    smiles = smiles_of()
    alone = predicted_alone(random.Random(given.seed).sample(smiles, min(n // 10, N_ALONE)))
    good = True
    with tempfile.TemporaryDirectory() as work:
        for seed, (suffix, write) in enumerate(WRITERS.items(), given.seed):
            path, output = Path(work) / f"records.{suffix}", Path(work) / f"{suffix}.csv"
            records = write(path, entries(n // 2, smiles, seed, n_hard=n_hard))
            words = ["screen", str(path), "-o", str(output), "--workers", "2", "--json"]
            ended = watched(words, limit=SECONDS)
            rows = read_rows(output) if output.exists() else []
            found = faults(records, rows, alone)
            good &= report_screen(f"records: {suffix}", records, rows, ended, found)
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
