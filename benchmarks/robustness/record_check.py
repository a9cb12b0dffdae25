"""Whether a screen's table has every record, in its place, with what it should say."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.robustness.record_files import Entry

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
    if row.row != str(number) or not _same_name(entry, row):
        yield "shifted"
    elif not _same_text(entry, row):
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


def _same_name(entry: Entry, row: Row) -> bool:
    if row.status == "too_long":  # nothing of it is kept
        return row.id == ""
    return row.id.partition(" ")[0] == entry.id


def _same_text(entry: Entry, row: Row) -> bool:
    """The structure as given, and the length of the name."""
    if row.status == "too_long":
        return True
    kept = row.smiles in (entry.smiles, "") if row.status == "too_large" else False
    same_name = entry.kind != "long name" or row.id.encode() == entry.name
    return (kept or row.smiles == entry.smiles) and same_name
