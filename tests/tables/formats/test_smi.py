"""SMILES files: a line is a record."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bioassay_mtl.tables import read_records

word = st.text("CNOcn()=#123[]+-@/\\.", min_size=1, max_size=20)
# Names may hold anything but line ends and white space at their rims; a leading bar is CXSMILES.
name = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"), max_size=12
).map(lambda text: text.strip().lstrip("|").strip())


def read(path: Path, batch_size: int = 1024) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for batch in read_records(path, batch_size=batch_size):
        assert batch.first_row == len(rows) + 1
        assert batch.problems == {}
        rows += zip(batch.ids, batch.structures, strict=True)
    return rows


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    rows=st.lists(st.tuples(name, word) | st.just(("", "")), min_size=1, max_size=20),
    gap=st.sampled_from([" ", "\t", "  \t"]),
    newline=st.sampled_from(["\n", "\r\n"]),
    bom=st.booleans(),
    packed=st.booleans(),
    header=st.booleans(),
    last=st.booleans(),
)
@example(  # many control characters, and no NUL: no binary file
    rows=[("\x19\x08", "1")] * 8,
    gap=" ",
    newline="\n",
    bom=False,
    packed=False,
    header=False,
    last=False,
)
def test_random_files_come_back(
    rows: list[tuple[str, str]],
    gap: str,
    newline: str,
    bom: bool,
    packed: bool,
    header: bool,
    last: bool,
    tmp_path: Path,
) -> None:
    lines = [f"{smiles}{gap}{name}".rstrip(" \t") if smiles else "" for name, smiles in rows]
    # Without a last line end, a blank last line is no line.
    text = newline.join(["Smiles\tName"] * header + lines) + newline * (last or not lines[-1])
    data = text.encode("utf-8-sig" if bom else "utf-8")
    path = tmp_path / f"molecules.smi{'.gz' if packed else ''}"
    path.write_bytes(gzip.compress(data) if packed else data)
    assert read(path, batch_size=3) == rows


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("CCO", ("", "CCO")),
        ("CCO  ethyl alcohol ", ("ethyl alcohol", "CCO")),
        ("  CCO name", ("name", "CCO")),
        ("\tname only", ("name only", "")),
        (" \tname only", ("name only", "")),
        ("CCO |$a;b;c$| name", ("name", "CCO")),
        ("CCO |$a;b c;$|", ("", "CCO")),
        ("CCO |broken", ("|broken", "CCO")),
        ("   ", ("", "")),
    ],
)
def test_lines(line: str, expected: tuple[str, str], tmp_path: Path) -> None:
    path = tmp_path / "molecules.smi"
    path.write_text(f"{line}\n")
    assert read(path) == [expected]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(space=st.text(" \t\v\f\u3000\xa0", min_size=1, max_size=6), tab=st.integers(0, 6))
def test_a_blank_smiles_is_no_molecule(space: str, tab: int, tmp_path: Path) -> None:
    path = tmp_path / "molecules.smi"
    path.write_text(f"CCO a\n{space[:tab]}\t{space[tab:]}CCN\nCC b\n", encoding="utf-8")
    assert read(path) == [("a", "CCO"), ("CCN", ""), ("b", "CC")]


@pytest.mark.parametrize("header", ["smiles", "SMILES name", "#smiles id", "canonical_smiles\tx"])
def test_headers_are_known(header: str, tmp_path: Path) -> None:
    path = tmp_path / "molecules.smi"
    path.write_text(f"{header}\nC methane\n")
    assert read(path) == [("methane", "C")]


def test_a_molecule_in_the_first_line_is_no_header(tmp_path: Path) -> None:
    path = tmp_path / "molecules.smi"
    path.write_text("C smiles\nsmiles C\n")
    assert read(path) == [("smiles", "C"), ("C", "smiles")]


def test_a_first_line_without_a_structure_is_no_header(tmp_path: Path) -> None:
    path = tmp_path / "molecules.smi"
    path.write_text(" \tsmiles\nC methane\n")
    assert read(path) == [("smiles", ""), ("methane", "C")]
