"""Options that a message names exist in every verb that can say it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from bioassay_mtl.cli.app import app
from bioassay_mtl.cli.wording import option
from bioassay_mtl.wording import setting, worded
from tests.test_house import PACKAGE

OPTION = re.compile(r"(?<![\w(-])--[a-z][a-z-]+")

PANEL_READERS = frozenset({"train", "evaluate", "panel check"})
SPEAKERS = {  # which verbs can say what a file says
    "cli/assays.py": frozenset({"assays list"}),
    "cli/assays_describe.py": frozenset({"assays describe"}),
    "cli/dimension.py": frozenset({"dimension"}),
    "cli/datasets.py": frozenset({"datasets fetch"}),
    "cli/engines.py": frozenset({"train"}),
    "cli/epochs.py": frozenset({"train"}),
    "cli/evaluate": frozenset({"evaluate"}),
    "cli/explain.py": frozenset({"explain"}),
    "cli/merge.py": frozenset({"merge"}),
    "cli/output_options.py": frozenset(
        {"adapt", "compress", "datasets fetch", "dimension", "screen", "train"}
    ),
    "cli/panel.py": frozenset({"panel check"}),
    "cli/panel_remarks.py": frozenset({"train"}),
    "cli/panel_report.py": frozenset({"panel check"}),
    "cli/panel_schema.py": PANEL_READERS,
    "cli/pick.py": frozenset({"pick"}),
    "cli/runs.py": frozenset({"train"}),
    "cli/screen": frozenset({"screen"}),
    "cli/settings.py": frozenset({"train"}),
    "cli/train.py": frozenset({"train"}),
    "cli/train_together.py": frozenset({"train"}),
    "datasets/fetch.py": frozenset({"datasets fetch"}),
    "panels/": PANEL_READERS,
    "tables/": frozenset({"screen", *PANEL_READERS}),
    "screening/options.py": frozenset({"screen"}),
    "screening/parts/merge.py": frozenset({"merge"}),
    "screening/parts/plan.py": frozenset({"screen"}),
    "screening/output.py": frozenset({"screen", "evaluate", "panel check"}),
}
NOT_YET = ("panels/",)
"""Files below the command line whose messages still have options."""
BESIDE = {  # a command that a message gives whole, with options of its own verb
    "bioassay-mtl panel check --out",
    "bioassay-mtl --debug",
    "train --about",
    "screen --standardize",
    "screen --p-values",
    "screen --out",
    "bioassay-mtl info MODEL --json",
}


def verbs() -> dict[str, Any]:
    """Every command, by its words."""
    found: dict[str, Any] = {}

    def walk(command: Any, words: tuple[str, ...]) -> None:
        if hasattr(command, "commands"):
            for name, inner in command.commands.items():
                walk(inner, (*words, name))
        else:
            found[" ".join(words)] = command

    walk(typer.main.get_command(app), ())
    return found


VERBS = verbs()


def options(verb: str) -> set[str]:
    return {"--help", *(each for p in VERBS[verb].params for each in (*p.opts, *p.secondary_opts))}


def messages(path: Path) -> Iterator[tuple[int, str]]:
    """Texts of a file that are no documentation, with their lines."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    constants = (node for node in ast.walk(tree) if isinstance(node, ast.Constant))
    for node in constants:
        if isinstance(node.value, str) and id(node) not in documented:
            yield node.lineno, node.value


def settings(path: Path) -> Iterator[tuple[int, str]]:
    """Settings that the messages of a file name, with their lines."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "setting" and node.args:
            for name in ast.walk(node.args[0]):
                if isinstance(name, ast.Constant):
                    yield node.lineno, str(name.value)


def named(path: Path) -> Iterator[tuple[int, str]]:
    """Options that the messages of a file name, with their lines."""
    declares = path.parent.name == "cli"
    yield from ((line, option(name)) for line, name in settings(path))
    for line, text in messages(path):
        if declares and OPTION.fullmatch(text):
            continue
        for command in BESIDE:
            text = text.replace(command, "")
        yield from ((line, name) for name in OPTION.findall(text))


def verbs_of(place: str) -> frozenset[str]:
    """Verbs that can say what a file says, by the longest beginning of its path."""
    known = [start for start in SPEAKERS if place.startswith(start)]
    return SPEAKERS[max(known, key=len)] if known else frozenset()


FILES = sorted(path for path in PACKAGE.rglob("*.py") if any(True for _ in named(path)))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_messages_name_options_of_the_verb(path: Path) -> None:
    place = path.relative_to(PACKAGE).as_posix()
    speakers = verbs_of(place)
    assert speakers, f"SPEAKERS does not say which verbs can say what {place} says"
    for verb in speakers:
        for line, name in named(path):
            assert name in options(verb), f"{place}:{line} names {name}, which {verb} lacks"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_command_line_knows_options(path: Path) -> None:
    place = path.relative_to(PACKAGE).as_posix()
    if not place.startswith(("cli/", *NOT_YET)):
        known = {option(name) for _, name in settings(path)}
        assert {name for _, name in named(path)} <= known


def test_settings_are_named_as_they_are_asked_for() -> None:
    assert setting("smiles_column") == "smiles_column"
    assert setting("min_rows", "10") == "min_rows=10"
    assert setting("tasks", "censored", key="IC50") == "tasks={'IC50': 'censored'}"
    with worded(option):
        assert setting("smiles_column") == "--smiles-column"
        assert setting("min_rows", "10") == "--min-rows 10"
        assert setting("tasks", "censored", key="IC50") == "--task IC50:censored"
        assert setting("columns", "dose", key="value") == "--column value=dose"
    assert setting("smiles_column") == "smiles_column"


def test_all_speakers_are_verbs() -> None:
    assert frozenset().union(*SPEAKERS.values()) <= set(VERBS)
