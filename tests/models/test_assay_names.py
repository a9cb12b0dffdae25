"""Assays are found by what people call them, and never by chance."""

from __future__ import annotations

import pytest

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.models.assay_names import chosen_assays, found_assays
from bioassay_mtl.models.assay_sheet import Assay, AssaySheet

SHEET = AssaySheet(
    assays=(
        Assay(id="PCBA-902", name="Cytotoxicity, p53 null", gene="TP53", grade="usable"),
        Assay(id="PCBA-903", name="Cytotoxicity, p53 wild type", gene="TP53"),
        Assay(id="PCBA-9", name="ALDH1A1 inhibitors", gene="ALDH1A1; ALDH1A2", uniprot="P00352"),
        Assay(id="PCBA-1030", target="Luciferase", organism="Photuris pennsylvanica"),
        Assay(id="tox[21]"),
    )
)
ALL = tuple(assay.id for assay in SHEET.assays)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (["PCBA-903", "PCBA-902", "PCBA-903"], ["PCBA-903", "PCBA-902"]),
        (["1030"], ["PCBA-1030"]),
        (["9"], ["PCBA-9"]),
        (["PCBA-9*"], ["PCBA-902", "PCBA-903", "PCBA-9"]),
        (["pcba-90?"], ["PCBA-902", "PCBA-903"]),
        (["*cytotox*"], ["PCBA-902", "PCBA-903"]),
        (["tox[21]"], ["tox[21]"]),
        (["tp53"], ["PCBA-902", "PCBA-903"]),
        (["ALDH1A2", "P00352"], ["PCBA-9"]),
        (["aldh1a1 inhibitors"], ["PCBA-9"]),
        (["lucifer"], ["PCBA-1030"]),
        (["null"], ["PCBA-902"]),
        (["*"], list(ALL)),
    ],
)
def test_each_way_to_name_one(wanted: list[str], expected: list[str]) -> None:
    assert chosen_assays(wanted, SHEET) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cytotoxicity", r"a part of the names of 2 assays: PCBA-902 \(Cyto.*'\*cytotoxicity\*'"),
        ("PCBA-90", "no assay 'PCBA-90' .did you mean 'PCBA-90[23]'"),
        ("PCBA-103", "did you mean 'PCBA-1030'"),
        ("ALDH1A3", "did you mean 'ALDH1A[12]'"),
        ("quite else", "known: PCBA-1030, PCBA-9, .*`bioassay-mtl assays MODEL` lists all"),
        ("PCBA-7*", "no assay 'PCBA-7"),
        (" ", "no assay"),
    ],
)
def test_what_fits_nothing_or_too_much_is_refused(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        chosen_assays(["PCBA-9", text], SHEET)


def test_none_is_no_choice() -> None:
    with pytest.raises(ConfigError, match="no assay was chosen"):
        chosen_assays([], SHEET)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("p53", ["PCBA-902", "PCBA-903"]),
        ("photuris", ["PCBA-1030"]),
        ("PCBA-9*", ["PCBA-902", "PCBA-903", "PCBA-9"]),
        ("usable", ["PCBA-902"]),
        ("nothing at all", []),
    ],
)
def test_searching_looks_at_all_that_is_known(text: str, expected: list[str]) -> None:
    assert [assay.id for assay in found_assays(text, SHEET)] == expected
