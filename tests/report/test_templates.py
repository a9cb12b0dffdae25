"""Templates: what is given is escaped, what is forgotten is an error, all macros are used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

import bioassay_mtl
from bioassay_mtl.report.templates import FOLDER, piece, rendered

PACKAGE = Path(bioassay_mtl.__file__).parent
HOSTILE = "<script>'\"&"


def test_text_is_escaped_and_html_is_not() -> None:
    assert "<script>" not in piece("parts", "heading", HOSTILE)
    assert piece("parts", "heading", Markup("<b>x</b>")) == "<h3><b>x</b></h3>"
    cards = piece("cards", "hit", "", HOSTILE, HOSTILE, HOSTILE, [HOSTILE], HOSTILE)
    assert "<script>" not in cards
    # Attributes of a card stand between single quotes.
    assert re.search(r"data-id='&lt;script&gt;&#39;&#34;&amp;'", cards)


def test_what_a_template_asks_for_must_be_given() -> None:
    with pytest.raises(UndefinedError, match="digest"):
        rendered("page")


def test_each_macro_is_used() -> None:
    code = "".join(
        path.read_text(encoding="utf-8")
        for path in PACKAGE.rglob("*.py")
        if path.parts[-2] in ("report", "kinds", "choosing", "serving")
    )
    macros = {
        name
        for path in FOLDER.glob("*.html")
        for name in re.findall(r"{% macro (\w+)\(", path.read_text(encoding="utf-8"))
    }
    inner = {"cell", "assay"}  # of other macros
    assert {name for name in macros - inner if f'"{name}"' not in code} == set()


def test_html_is_written_in_templates_alone() -> None:
    """Drawings aside: SVG is made where its data are."""
    drawings = {"plot.py", "heat_map.py", "molecule.py", "reasons.py"}
    made = [
        path.name
        for folder in ("report", "choosing", "serving")
        for path in (PACKAGE / folder).rglob("*.py")
        if path.name not in drawings and re.search(r"Markup\(\s*f?[\"']", path.read_text("utf-8"))
    ]
    assert made == []
