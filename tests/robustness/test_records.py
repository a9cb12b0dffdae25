"""Records to survive are the same each time, and a lost, shifted or wrong one is found."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.robustness.record_files import LONG, SHARES, Entry, entries, write_csv, write_smi
from tests.robustness.records import Row, faults, read_rows

SHORT = tuple(LONG)
RECORDS = [
    Entry("real", "R1", "CCO"),
    Entry("blank", "", ""),
    Entry("mutated", "R3", "C(C"),
    Entry("real", "R4", "CCN", b"two words"),
]
ROWS = [
    Row("1", "R1", "CCO", "ok", "0.100000"),
    Row("2", "", "", "empty", ""),
    Row("3", "R3", "C(C", "invalid_smiles", ""),
    Row("4", "R4 two words", "CCN", "ok", "0.200000"),
]
ALONE = {"CCO": ("ok", "0.100000"), "CCN": ("ok", "0.200000")}


def test_same_seed_same_records(nci_smiles: list[str]) -> None:
    records = entries(1_000, nci_smiles, 1, SHORT)
    assert records == entries(1_000, nci_smiles, 1, SHORT)
    assert records != entries(1_000, nci_smiles, 2, SHORT)


def test_records_of_every_kind(nci_smiles: list[str]) -> None:
    records = entries(1_000, nci_smiles, 0, SHORT, n_hard=5)
    counts = Counter(entry.kind for entry in records)
    assert len(records) == len({entry.id for entry in records}) == 1_000
    assert counts.keys() == {*SHARES, "hard"}
    assert counts["hard"] == 5
    assert counts["real"] > counts["mutated"] > counts["blank"]


def test_a_line_for_each_record(tmp_path: Path, nci_smiles: list[str]) -> None:
    records = entries(300, nci_smiles, 0, SHORT)
    written = write_smi(tmp_path / "records.smi", records)
    lines = (tmp_path / "records.smi").read_bytes().split(b"\n")[:-1]
    assert [line for line in lines if line] == [
        e.smiles.encode() + (b"\t" if e.kind == "blank" else b" ") + e.name for e in written if e.id
    ]
    assert len(lines) == len(written) == 300


def test_a_table_reads_back(tmp_path: Path, nci_smiles: list[str]) -> None:
    import csv

    without = (*SHORT, "not UTF-8", "malformed")
    records = write_csv(tmp_path / "records.csv", entries(300, nci_smiles, 0, without))
    with (tmp_path / "records.csv").open(newline="") as file:
        found = [(row["id"], row["smiles"]) for row in csv.DictReader(file)]
    assert found == [(entry.name.decode(), entry.smiles) for entry in records]


def test_nothing_wrong() -> None:
    assert faults(RECORDS, ROWS, ALONE) == Counter(compared=2)


@pytest.mark.parametrize(
    ("fault", "rows"),
    [
        ("lost", ROWS[:-1]),
        ("shifted", [ROWS[0], ROWS[2], ROWS[1], ROWS[3]]),
        ("wrong", [ROWS[0]._replace(value="0.100001"), *ROWS[1:]]),
        ("wrong", [*ROWS[:3], ROWS[3]._replace(status="timed_out", value="")]),
        ("changed", [ROWS[0]._replace(smiles="CCC"), *ROWS[1:]]),
        ("implausible", [ROWS[0], ROWS[1]._replace(status="failed"), *ROWS[2:]]),
    ],
)
def test_what_is_wrong_is_found(fault: str, rows: list[Row]) -> None:
    assert faults(RECORDS, rows, ALONE)[fault] > 0


def test_first_value_is_read(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("row,id,smiles,status,in_training,a,b\n1,R1,CCO,ok,0,0.5,0.6\n")
    assert read_rows(path) == [Row("1", "R1", "CCO", "ok", "0.5")]
