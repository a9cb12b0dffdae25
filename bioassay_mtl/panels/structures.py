"""Molecules of a panel file: standardized, checked, and one row for each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.status import Status
from bioassay_mtl.errors import InputError
from bioassay_mtl.panels.header import some
from bioassay_mtl.panels.row_log import RowLog, Topic
from bioassay_mtl.panels.schema import PanelSchema
from bioassay_mtl.tables.dates import points_in_time

_DATE = re.compile(r"\s*\d{4}-\d\d")
_NAME_OF_DATES = re.compile(r"(?<![A-Za-z])(date|year|DATE|YEAR)(?![A-Za-z])|(Date|Year)(?![a-z])")


def standardized(structures: list[str], schema: PanelSchema) -> tuple[list[str], dict[str, str]]:
    """Structures as the schema wants them, and what changed of those that did, by the old text."""
    if not schema.standardize:
        return structures, {}
    from bioassay_mtl.chem.isolation import each
    from bioassay_mtl.chem.standardize import Standardized, standardize

    texts = [*dict.fromkeys(structures)]
    done = each(partial(standardize, tautomer=schema.standardize == "tautomer"), texts)
    found = {
        text: Standardized(text, (), one) if isinstance(one, Status) else one
        for text, one in zip(texts, done, strict=True)
    }
    changes = {
        text: f"{', '.join(done.changes)}: {done.smiles}"
        for text, done in found.items()
        if done.changes
    }
    return [found[text].smiles for text in structures], changes


def of_molecules(
    columns: Iterable[tuple[str, Sequence[str], NDArray[np.int64]]],
    molecule: NDArray[np.int64],
    log: RowLog,
) -> dict[str, NDArray[np.int64]]:
    """Row to ask for each molecule, by the names of the columns that can be asked.

    These say one thing for each molecule, or are dates, of which the earliest counts; the others
    are noted.

    Parameters
    ----------
    columns
        Columns by name: the different texts of a column, and ``(n,)`` the index of each row's text.
    molecule
        ``(n,)``: the molecule of each row.

    Returns
    -------
    dict
        Rows ``(m,)`` of each column, in order of the molecules' numbers.
    """
    numbers, first = np.unique(molecule, return_index=True)
    kept: dict[str, NDArray[np.int64]] = {}
    dated: list[str] = []
    others: list[str] = []
    for name, texts, codes in columns:
        pairs = np.unique(molecule * (codes.max(initial=0) + 1) + codes)
        if len(pairs) == len(numbers):
            kept[name] = first
        elif (points := _dates(name, texts)) is not None:
            order = np.lexsort((points[codes], molecule))  # rows without a date go last
            kept[name] = order[np.searchsorted(molecule[order], numbers)]
            dated.append(name)
        else:
            others.append(name)
    if dated:
        log.note(
            Topic.COLUMNS,
            f"the earliest of each molecule, as its rows differ in them: {some(dated)}",
        )
    if others:
        log.note(Topic.COLUMNS, f"left out, as rows of one molecule differ in them: {some(others)}")
    return kept


def _dates(name: str, texts: Sequence[str]) -> NDArray[np.float64] | None:
    """Date of each text, if all are dates: of numbers only the name tells that."""
    try:
        points = points_in_time(texts, name)
    except InputError:
        return None
    is_date = _NAME_OF_DATES.search(name) or any(_DATE.match(text) for text in texts)
    return points if is_date else None


def usable(structures: list[str]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Structures that are empty, and those that are no molecule, ``(n,) bool`` each."""
    from bioassay_mtl.chem.isolation import each
    from bioassay_mtl.chem.molecule import status_of

    texts = [*dict.fromkeys(structures)]
    found = dict(zip(texts, each(status_of, texts), strict=True))
    empty = np.array([found[text] is Status.EMPTY for text in structures], dtype=np.bool_)
    good = np.array([found[text] is Status.OK for text in structures], dtype=np.bool_)
    return empty, ~good & ~empty
