"""Words: one spelling, the field's terms, and docstrings that begin with what they are about."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from inspect import cleandoc
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "datasets").glob("*.md")]
READ = (".py", ".html", ".js", ".css", ".md")
STEMS = (
    r"(?:standardis|utilis|parameteris|penalis|featuris|quantise|neutralis|normalis|initialis"
    r"|minimis|maximis|optimis(?!t)|recognis|regularis|summaris|serialis|generalis|parametris"
    r"|colour|behaviour|favour|neighbour|centre|licence|labelled(?!by)|labelling|modelling"
    r"|catalogue|(?<!Lessons )learnt|spelt|judgement|\bgrey)"
)
STEM, BRITISH = re.compile(STEMS), re.compile(rf"\w*{STEMS}\w*", re.IGNORECASE)
FORMER = re.compile(
    r"standardise|Standardise[d]?|Standardising|[sS]tandardisation|utilisation|gate_utilisation"
    r"|neighbours|penalised|featurising|LabelledLogits|quantise|reparameterised"
)
"""Names of version 0.1 that are still read, or are keys of files; they stand as code, not prose."""
EXEMPT = ("moved.py", "renamed.py", "names.py")
"""Lists of former names, and of words in headers of tables as people write them."""
TERMS = {
    r"\brivals?\b(?!\.md|`| )": "baseline",
    r"\bp-scale\b": "pActivity",
    r"\bcopies of (?:a|one|the same) molecule": "duplicates",
    r"\b(?:training|test|validation) parts?\b": "set, or subset",
}
DANGLING = ("Of", "Whose", "Whom", "Where")


@cache
def files() -> list[Path]:
    """Texts that people read: the package, its examples and its pages."""
    folders = [ROOT / "bioassay_mtl", ROOT / "examples"]
    found = [path for folder in folders for path in folder.rglob("*") if path.suffix in READ]
    shipped = ROOT / "bioassay_mtl" / "models"  # cards are written once, with the model
    found = [path for path in found if not (path.parent.parent == shipped and path.suffix == ".md")]
    return [*found, *PAGES]


@cache
def lines() -> list[tuple[str, str]]:
    """Each line with its place, but for those of exempt files."""
    return [*_lines()]


def _lines() -> Iterator[tuple[str, str]]:
    for path in files():
        if path.name in EXEMPT or "_build" in path.parts:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            yield f"{path.relative_to(ROOT)}:{number}", line


def is_code(line: str, start: int, end: int) -> bool:
    """Whether a word is quoted, or is a name of Python."""
    return line[max(0, start - 1) : start] in {'"', "`", "."} or bool(
        re.match(r"[\"`=:(.]| =", line[end : end + 2])
    )


def british(line: str) -> list[str]:
    """Words of a line that are not spelled as RDKit and scikit-learn do."""
    if not STEM.search(line.lower()):  # in a tenth of the time
        return []
    return [
        word[0]
        for word in BRITISH.finditer(line)
        if not (FORMER.fullmatch(word[0]) and is_code(line, *word.span()))
    ]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("Standardise the neighbours' colours.", ["Standardise", "neighbours", "colours"]),
        ('config["standardise"] = x.standardise', []),
        ("Optimistic labels standardized by color; aria-labelledby", []),
        ("normalisation of centres", ["normalisation", "centres"]),
    ],
)
def test_both_spellings_are_told_apart(line: str, found: list[str]) -> None:
    assert british(line) == found


def test_there_is_one_spelling() -> None:
    assert {where: words for where, line in lines() if (words := british(line))} == {}


@pytest.mark.parametrize("term", TERMS)
def test_terms_are_those_of_the_field(term: str) -> None:
    found = [where for where, line in lines() if re.search(term, line, re.IGNORECASE)]
    assert found == [], f"say {TERMS[term]}"


def openings(source: str) -> list[str]:
    """First words of all docstrings, and of the descriptions of parameters in them."""
    texts = [
        cleandoc(node.value.value)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    ]
    return [
        word for text in texts for word in re.findall(r"(?:\A|^\w[^\n]*\n {4})(\w+)", text, re.M)
    ]


def test_all_openings_are_seen() -> None:
    source = (
        '"""Of one.\n\nParameters\n----------\nx, y : int\n    Where it is.\n    That is all.\n"""'
    )
    assert openings(source) == ["Of", "Where"]


def test_docstrings_begin_with_the_noun() -> None:
    found = {
        str(path.relative_to(ROOT)): dangling
        for path in files()
        if path.suffix == ".py"
        and (dangling := [word for word in openings(path.read_text()) if word in DANGLING])
    }
    assert found == {}
