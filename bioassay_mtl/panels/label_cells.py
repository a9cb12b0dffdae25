"""Cells of an assay, less those that say in words or by a code that nothing was measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bioassay_mtl.errors import counted
from bioassay_mtl.panels.outcomes import reworded, signed, without, word_outcomes
from bioassay_mtl.panels.row_log import Outcome, RowLog, Topic
from bioassay_mtl.panels.schema import PanelSchema, TaskEntry
from bioassay_mtl.panels.source import Source
from bioassay_mtl.tables.cells import Cells, cells_of, read_cell

if TYPE_CHECKING:
    import pyarrow as pa

NO_MEASUREMENT = frozenset(
    (
        *("none", "nil", "unknown", "unspecified", "missing", "unavailable", "not available"),
        *("no data", "not done", "not reported", "nr", "n.r.", "x", "?", "??", "unbekannt"),
    )
)
"""Texts that say that nothing was measured where they stand beside numbers or outcomes."""

NO_OUTCOME = frozenset(
    (
        *("inconclusive", "undetermined", "undefined", "equivocal", "ambiguous", "indeterminate"),
        *("unclear", "borderline", "blq", "bloq", "bql", "lod", "loq", "<lod", "<loq", "+/-"),
        *("\N{PLUS-MINUS SIGN}", "unklar", "fraglich"),
    )
)
"""Texts that say neither active nor inactive, where they stand beside both."""

CODES = (-9.0, -99.0, -999.0, -9999.0)
"""Numbers that stand for no measurement beside 0 and 1, or far below all other numbers."""

_NUMBERS = 0.75


def label_cells(table: pa.Table, name: str, schema: PanelSchema) -> Cells:
    """A column of labels, as the schema says what is missing, or as the other cells tell."""
    entry = schema.entry(name)
    cells = signed(without(cells_of(table, name), schema.missing), entry.classes)
    if entry.classes or entry.kind in ("multiclass", "ordinal"):
        return cells
    aside = _aside(cells, entry)
    if not aside:
        return cells
    found = reworded(cells, dict.fromkeys(aside, ""))
    found.set_aside = {code: text for code, text in enumerate(cells.texts) if text in aside}
    return found


def say_aside(source: Source, log: RowLog) -> None:
    """Say which cells of an assay were taken for not measured, and record their rows."""
    aside = source.cells.set_aside
    rows = np.flatnonzero(np.isin(source.cells.codes, [*aside]))
    texts = [aside[int(code)] for code in source.cells.codes[rows]]
    if len(rows):
        log.note(
            Topic.WORDS,
            f"{source.name}: {', '.join(map(repr, sorted({*texts})))} is read as not measured "
            f"({counted(len(rows), 'cell')})",
        )
        log.add(Outcome.NO_CALL, source.file, rows, source.name, texts)


def _aside(cells: Cells, entry: TaskEntry) -> list[str]:
    """Texts that say nothing, by what the others are."""
    held = cells.occurring
    words = [t for t in held if t.casefold() in NO_MEASUREMENT]
    unclear = [t for t in held if t.casefold() in NO_OUTCOME]
    codes = [t for t in held if read_cell(t) in [(code, "", "") for code in CODES]]
    doubtful = {*words, *unclear, *codes}
    rest = [text for text in held if text not in doubtful]
    if not doubtful or not rest:
        return []
    if (entry.kind or "binary") == "binary" and _are_outcomes(rest):
        return [text for text in held if text in doubtful]
    return [*words, *_far_below(codes, rest)] if _are_numbers(rest) else []


def _are_outcomes(texts: Sequence[str]) -> bool:
    """Whether texts are 0 or 1, maybe with -1, or words of both outcomes."""
    values = {read_cell(text) for text in texts}
    if all(one.value in (0, 1, -1) and not one.qualifier and not one.unit for one in values):
        return any(one.value != -1 for one in values)
    return {*word_outcomes(texts).values()} == {0, 1}


def _far_below(codes: Sequence[str], texts: Sequence[str]) -> list[str]:
    """Codes that lie further below all other numbers than these lie apart, and at least 1."""
    numbers = [one.value for one in map(read_cell, texts) if one.value is not None]
    least = min(numbers)
    limit = least - max(1.0, max(numbers) - least)
    return [
        text for text in codes if (value := read_cell(text).value) is not None and value < limit
    ]


def _are_numbers(texts: Sequence[str]) -> bool:
    numbers = sum(read_cell(text).value is not None for text in texts)
    return numbers >= _NUMBERS * len(texts)
