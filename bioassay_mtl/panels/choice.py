"""Which columns of a wide table are assays.

Where nobody says so:

1. those that hold nothing but 0 and 1, and those with qualifiers (``> 10000``): no descriptor has
   any;
2. where there is none, those of numbers, except descriptors by their names;
3. where there is none, those of a few different texts.

Columns of one value alone (unless they are 0 or 1), row numbers and bookkeeping are never assays by
themselves, nor numbers of which nine in ten are 0 or 1 (the others may be slips). What was left out
is said (bookkeeping, where it looks like an assay), and a schema or ``--task`` has the last word.
Small whole numbers are numbers: nobody said that they are classes.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bioassay_mtl.errors import InputError
from bioassay_mtl.panels.header import (
    BOOKKEEPING,
    DESCRIPTORS,
    UNIT_NAMES,
    beside,
    by_plain_name,
    qualifier_beside,
    require,
    some,
)
from bioassay_mtl.panels.reading import OUTCOMES, infer_kind
from bioassay_mtl.panels.row_log import RowLog
from bioassay_mtl.panels.schema import NO_TASK, PanelSchema, TaskEntry
from bioassay_mtl.panels.source import Source
from bioassay_mtl.tables.cells import Cells, cells_of, with_commas
from bioassay_mtl.tables.columns import plain

if TYPE_CHECKING:
    import pyarrow as pa


class _Found(NamedTuple):
    """An assay's column, its kind by its values (None: none fits), and how sure that is."""

    source: Source
    kind: str | None
    tier: int


_SLIP = 0.9  # of the cells are 0 or 1

_SURE, _NUMBERS, _CLASSES, _NO_ASSAY = range(4)


def beside_assays(table: pa.Table, schema: PanelSchema, path: Path) -> dict[str, str]:
    """Columns of qualifiers and units, and the column that each is of."""
    columns = by_plain_name(table)
    found = {}
    for name in table.column_names:
        named = schema.entry(name).qualifier
        if named is not None:
            require(table, named, path)
        unit = beside(columns, name, UNIT_NAMES)
        for other in (named or qualifier_beside(table, columns, name), unit):
            if other is not None:
                found[other] = name
    return found


def choose_assays(
    table: pa.Table, path: Path, schema: PanelSchema, taken: Iterable[str | None], log: RowLog
) -> dict[str, tuple[Source, str]]:
    """Columns that are assays, and the kind of each."""
    named = schema.tasks if schema.tasks is not None else {}
    for name in (*named, *schema.also):
        require(table, name, path)
    columns = table.column_names if schema.tasks is None else list(named)
    judged: dict[str, _Found] = {}
    passed_over: dict[str, _Found] = {}
    by_plain, others = by_plain_name(table), set(taken)
    for name in (*columns, *(n for n in schema.also if n not in columns)):
        asked = name in named or name in schema.also
        if asked or name not in others:
            found = _judge(table, by_plain, name, path, schema.entry(name), log)
            (judged if asked or plain(name) not in BOOKKEEPING else passed_over)[name] = found
    tier = min((f.tier for f in judged.values()), default=_NO_ASSAY)
    numbers = [name for name, found in judged.items() if found.tier == _NUMBERS]
    # A property by its name is none where it is the only column of numbers.
    properties = {name for name in numbers if plain(name) in DESCRIPTORS}
    if tier != _NUMBERS or len(properties) == len(numbers):
        properties = set()
    chosen, left_out = {}, []
    for name, (source, kind, own_tier) in judged.items():
        entry = schema.entry(name)
        if entry.kind == NO_TASK:
            continue
        if name in named or name in schema.also:
            chosen[name] = source, _asked(source, name, entry, kind)
        elif own_tier == tier < _NO_ASSAY and kind is not None and name not in properties:
            chosen[name] = source, kind
        else:
            left_out.append((name, _described(judged[name])))
    if left_out:
        log.notes.append(f"no assays, by their values: {some([name for name, _ in left_out])}")
    by_name = [name for name, found in passed_over.items() if _measures(found)]
    if by_name:
        shown = some([name or "''" for name in by_name])
        log.notes.append(f"no assays, by their names: {shown} (--task NAME:KIND takes them)")
        left_out += [(name, "a name of bookkeeping") for name in by_name]
    log.left_out.update(left_out)
    if not chosen:
        held = "; ".join(f"{name!r} is {what}" for name, what in left_out[:4])
        raise InputError(
            "no assay: no column holds 0 and 1, different numbers, or a few texts"
            + (f" ({held})" if held else ""),
            file=path,
            hint="--task NAME:KIND says that a column is one" if len(table) else "it has no rows",
        )
    return chosen


def _judge(
    table: pa.Table, columns: dict[str, str], name: str, path: Path, entry: TaskEntry, log: RowLog
) -> _Found:
    cells = cells_of(table, name)
    qualifier = entry.qualifier or qualifier_beside(table, columns, name)
    unit = beside(columns, name, UNIT_NAMES)
    source = Source(
        path,
        name,
        cells,
        log,
        None if qualifier is None else Cells(table.column(qualifier)),
        None if unit is None else Cells(table.column(unit)),
    )
    occurring = cells.occurring
    kind = infer_kind(source, occurring)
    if kind is None or (kind == "regression" and _nearly_01(cells)):
        return _Found(source, None, _NO_ASSAY)
    if kind == "multiclass" or (kind == "binary" and not _is_01(occurring) and not cells.qualified):
        # A text of its own for nearly every row is a name, not a class.
        enough = int((~cells.missing).sum()) >= 2 * len({t.casefold() for t in occurring})
        return _Found(source, kind, _CLASSES if enough and len(occurring) > 1 else _NO_ASSAY)
    if kind in ("binary", "censored"):
        return _Found(source, kind, _SURE)
    alone = len(occurring) < 2 or _counts_rows(cells)
    return _Found(source, kind, _NO_ASSAY if alone else _NUMBERS)


def _measures(found: _Found) -> bool:
    """Whether a column looks like an assay: outcomes, bounds or broken numbers."""
    values = found.source.cells.values
    broken = bool((values != np.rint(values))[~np.isnan(values)].any())
    return found.tier == _SURE or (found.tier == _NUMBERS and broken)


def _asked(source: Source, name: str, entry: TaskEntry, kind: str | None) -> str:
    """The kind of a column that somebody named."""
    if entry.kind is not None:
        return entry.kind
    held = source.cells.occurring
    if kind is None and any(text.casefold() in OUTCOMES for text in held):
        return "binary"  # whose reader names the cell that is none
    if kind is None:
        raise InputError(
            f"a label is 0, 1 or empty, or a number, or one of a few texts; found {held[0][:80]!r}"
            if held
            else "nothing is measured",
            file=source.file,
            column=name,
            hint=f"--task {name}:KIND says what it holds" if held else None,
        )
    return kind


def _is_01(occurring: list[str]) -> bool:
    return all(text.casefold() in OUTCOMES for text in occurring)


def _nearly_01(cells: Cells) -> bool:
    """Whether a number other than 0 and 1 is more likely a slip than a value."""
    is_01 = cells.each([text.casefold() in OUTCOMES for text in cells.texts], np.bool_)
    return int(is_01.sum()) >= _SLIP * int((~cells.missing).sum())


def _counts_rows(cells: Cells) -> bool:
    """Whether the cells are 0, 1, 2, ... or 1, 2, 3, ..."""
    values = cells.values
    return len(values) > 2 and values[0] in (0, 1) and bool((np.diff(values) == 1).all())


def _described(found: _Found) -> str:
    """What a column holds that was not taken for an assay."""
    held = found.source.cells.occurring
    if len(held) < 2:
        return "one value alone" if held else "empty"
    if found.kind == "regression":
        return "row numbers" if found.tier == _NO_ASSAY else "numbers"
    if commas := with_commas(held):
        return f"texts {commas}"
    if found.kind is None:
        numbers = not np.isnan(found.source.cells.values).all()
        return (
            "texts and numbers"
            if numbers and found.source.cells.unreadable.any()
            else ("nearly all 0 and 1" if numbers else "texts")
        )
    return "texts" if found.tier == _NO_ASSAY else "a few texts"
