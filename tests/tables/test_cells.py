"""Qualifiers in words, and as HTML writes signs."""

from __future__ import annotations

import pyarrow as pa
import pytest

from bioassay_mtl.tables.cells import Cell, Cells, NumberFormat, bound_of, read_cell


@pytest.mark.parametrize(
    ("text", "sign", "bound"),
    [
        ("ca. 5 nM", "~", 0),
        ("ca.5 nM", "~", 0),
        ("Circa 5 nM", "~", 0),
        ("approx. 5 nM", "~", 0),
        ("GT 5 nM", ">", 1),
        ("lt 5nM", "<", -1),
        ("gte 5 nM", ">=", 1),
        ("&gt;5 nM", ">", 1),
        ("&lt; 5 nM", "<", -1),
        ("&lt;=5 nM", "<=", -1),
        ("&GE; 5 nM", ">=", 1),
    ],
)
def test_spelled_qualifiers_are_those_of_signs(text: str, sign: str, bound: int) -> None:
    assert read_cell(text) == read_cell(f"{sign}5 nM") == Cell(5.0, sign, "nM")
    assert bound_of(text.partition("5")[0].strip()) == bound


@pytest.mark.parametrize("text", ["GT5", "ca5", "&gt 5", "cat 5", "let 5", "a 5", "ca.", "; 5"])
def test_names_are_no_numbers(text: str) -> None:
    assert read_cell(text) == Cell(None)


@pytest.mark.parametrize("text", ["\u22125.5e\u22121 nM", "-5.5e-1 nM"])
def test_a_minus_is_a_minus_however_it_is_written(text: str) -> None:
    assert read_cell(text) == read_cell(f" {text}") == Cell(-0.55, "", "nM")
    assert read_cell(f">{text}").qualifier == ">"
    assert NumberFormat(",").plain(text.replace(".", ",")) == text


def test_spelled_qualifiers_stand_before_numbers_of_any_format() -> None:
    assert NumberFormat("").settled(["ca. 7,5", "&lt;7,63", "5"]).decimal == ","
    assert NumberFormat(",").plain("ca. 7,5 nM") == "ca. 7.5 nM"
    assert NumberFormat(".", thousands=True).plain("GT 1,000") == "GT 1000"


def test_a_column_of_words_and_numbers_alone_holds_names() -> None:
    names = Cells(pa.chunked_array([["LT 001", "LT 002", "unknown", None]]))
    assert {cell.value for cell in names.parsed} == {None}
    values = Cells(pa.chunked_array([["LT 1", "2", None]]))
    assert values.parsed[0] == Cell(1.0, "<")


@pytest.mark.parametrize("texts", [["&gt;1", "&lt; 2"], ["ca. 1", "ca. 2"], ["GT 1 nM", "GT 2 nM"]])
def test_a_column_of_nothing_but_bounds_is_read(texts: list[str]) -> None:
    assert Cells(pa.chunked_array([texts])).values.tolist() == [1, 2]
