"""Cells of an assay to labels: which kind they are of, and what each says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.descriptors.given import MISSING
from bioassay_mtl.errors import InputError
from bioassay_mtl.panels.outcomes import is_missing, one_outcome, plain_outcome, word_outcomes
from bioassay_mtl.panels.row_log import Outcome
from bioassay_mtl.panels.schema import TaskEntry
from bioassay_mtl.panels.source import Source
from bioassay_mtl.registry import Registry
from bioassay_mtl.tables.cells import QUALIFIERS, Cells, read_cell, with_commas
from bioassay_mtl.tables.table import place_of
from bioassay_mtl.tasks.kinds import Binary, Censored, Regression, TaskKind, task_kinds
from bioassay_mtl.tasks.units import BY_MASS, MOLAR, P_SCALE, known_unit, to_p_scale
from bioassay_mtl.wording import setting

MOST_CLASSES = 10
"""Texts of more different values are taken for remarks, unless a schema says otherwise."""

_NUMBERS = 0.75  # share of the distinct texts of a column of numbers that are numbers
_OUTCOMES = 0.9  # share of the measured cells, where few others are no reason to lose them


class Reading(NamedTuple):
    """Labels of one assay.

    Parameters
    ----------
    kind
        Kind of the labels.
    values
        ``(m,) float64``, NaN where not measured.
    bounds
        ``(m,) int8``.
    converted
        Whether the values were concentrations and are pActivity now.
    """

    kind: TaskKind
    values: NDArray[np.float64]
    bounds: NDArray[np.int8]
    converted: bool = False


def infer_kind(source: Source, rows: NDArray[np.int64] | None = None) -> str | None:
    """The kind that the measured cells of some rows, or of all, speak for, or None.

    The first rule that holds counts: nothing but 0 and 1 is binary, and stays so with a qualifier
    in some cell, or with other texts in few, which its reader leaves out; numbers are censored
    where some have a qualifier, else regression, also where they are few and whole; words such as
    active and inactive are binary; 2 to `MOST_CLASSES` texts are multiclass.
    """
    codes = source.occurring(rows)
    if not codes:
        return None
    cells = source.cells
    outcomes = [plain_outcome(cells, code) for code in codes]
    if None not in outcomes:
        return "binary"
    values = [cells.parsed[code].value for code in codes]
    if {0, 1} <= set(outcomes) and all(value in (0, 1) for value in values):
        return "binary"
    if set(values) == {0, 1, None} and nearly_outcomes(cells, rows):
        return "binary"
    numbers = sum(value is not None for value in values)
    if numbers >= _NUMBERS * len(codes) or _mostly_numbers(source, rows):
        return "censored" if source.qualified.any() else "regression"
    texts = [cells.texts[code] for code in codes]
    if word_outcomes(texts):
        return "binary"
    folded = {text.casefold() for text in texts}
    return "multiclass" if not numbers and 2 <= len(folded) <= MOST_CLASSES else None


def nearly_outcomes(cells: Cells, rows: NDArray[np.int64] | None = None) -> bool:
    """Whether nearly all measured cells of some rows, or of all, are 0 or 1."""
    return share_of_outcomes(cells, rows) >= _OUTCOMES


def share_of_outcomes(cells: Cells, rows: NDArray[np.int64] | None = None) -> float:
    """Share of the measured cells of some rows, or of all, that are 0 or 1."""
    held = [plain_outcome(cells, code) is not None for code in range(len(cells.texts))]
    is_01, missing = cells.each(held, np.bool_), cells.missing
    if rows is not None:
        is_01, missing = is_01[rows], missing[rows]
    return int(is_01.sum()) / max(1, int((~missing).sum()))


def _mostly_numbers(source: Source, rows: NDArray[np.int64] | None) -> bool:
    """Whether most measured cells are numbers, however many other texts there are."""
    values, missing = source.cells.values, source.cells.missing
    if rows is not None:
        values, missing = values[rows], missing[rows]
    measured = int((~missing).sum())
    numbers = values[~np.isnan(values)]
    return len(numbers) >= _NUMBERS * measured and len(np.unique(numbers)) > 2


def read_labels(
    source: Source, task: str, entry: TaskEntry, rows: NDArray[np.int64], kind: str
) -> Reading:
    """Labels of one assay.

    Parameters
    ----------
    source
        The column of its measurements.
    task, entry
        Name of the assay, and what is known of it.
    rows
        ``(m,) int64``: its rows.
    kind
        The name of its kind.

    Raises
    ------
    InputError
        If a cell is no label of that kind, or units are mixed; and of a kind that was asked for,
        where no cell can be read.
    """
    reading = kind_readers[kind](source, task, entry, rows)
    held = [text for text in source.cells.occurring[:1000] if entry.kind is not None]
    if held and np.isnan(reading.values).all() and not source.cells.missing[rows].all():
        found = f"texts {commas}" if (commas := with_commas(held)) else repr(held[0][:80])
        raise InputError(
            f"no cell can be read as {kind}; found {found}", file=source.file, column=source.name
        )
    return reading


_Reader = Callable[[Source, str, TaskEntry, NDArray[np.int64]], Reading]
kind_readers: Registry[_Reader] = Registry("reader of task type")


@kind_readers.register("binary")
def _outcomes(source: Source, task: str, entry: TaskEntry, rows: NDArray[np.int64]) -> Reading:
    cells = source.cells
    given = {_folded(name): float(place) for place, name in enumerate(entry.classes)}
    words = word_outcomes(cells.texts[code] for code in source.occurring(rows))
    meaning = [_meaning(cells, code, given, words) for code in range(len(cells.texts))]
    values = cells.each(meaning, np.float64)[rows]
    wrong = rows[values == -1]
    expected = f"a label is {' or '.join(entry.classes) or '0, 1'} or empty"
    _refuse(source, rows, wrong, expected, _kind_hint(source, task, wrong, "regression"))
    return Reading(Binary(), np.where(values == -1, np.nan, values), np.zeros(len(rows), np.int8))


def _meaning(
    cells: Cells, code: int, given: Mapping[str, float], words: Mapping[str, int]
) -> float:
    text = cells.texts[code]
    if is_missing(text) and not given:
        return np.nan
    if given:
        return given.get(_folded(text), np.nan if is_missing(text) else -1)
    for found in (plain_outcome(cells, code), words.get(text), one_outcome(text)):
        if found is not None:
            return float(found)
    return -1


@kind_readers.register("multiclass")
@kind_readers.register("ordinal")
def _classes(source: Source, task: str, entry: TaskEntry, rows: NDArray[np.int64]) -> Reading:
    cells = source.cells
    names = entry.classes or _found_classes(source, task, entry, rows)
    number = {_folded(name): float(position) for position, name in enumerate(names)}
    if len(number) < len(names):
        raise InputError(
            f"classes of {task!r} that cannot be told apart among {', '.join(names)}",
            file=source.file,
            column=source.name,
            hint="case, and how a number is written, make no other class",
        )
    meaning = [
        number.get(_folded(t), np.nan if t.casefold() in MISSING else -1) for t in cells.texts
    ]
    values = cells.each(meaning, np.float64)[rows]
    wrong = rows[values == -1]
    _refuse(source, rows, wrong, f"a label is one of {', '.join(names)}, or empty")
    kind = task_kinds[entry.kind or "multiclass"]
    return Reading(
        kind.of({"kind": entry.kind or "multiclass", "classes": names}),
        np.where(values == -1, np.nan, values),
        np.zeros(len(rows), np.int8),
    )


def _found_classes(
    source: Source, task: str, entry: TaskEntry, rows: NDArray[np.int64]
) -> tuple[str, ...]:
    cells = source.cells
    texts = (cells.texts[code] for code in np.unique(cells.codes[rows]))
    found: dict[str, str] = {}
    for text in texts:
        if text.casefold() not in MISSING:
            found.setdefault(_folded(text), text)
    numbers = [read_cell(text).value for text in found.values()]
    if len(found) < 2:
        raise InputError(
            f"{task!r} has classes {', '.join(found.values()) or 'none'}: two are needed",
            file=source.file,
            column=source.name,
        )
    if None not in numbers:
        return tuple(sorted(found.values(), key=_by_size))
    if entry.kind == "ordinal":
        raise InputError(
            f"which order do the classes of {task!r} have?",
            file=source.file,
            column=source.name,
            hint="list them, the lowest first: "
            + setting("tasks", f"ordinal:{','.join(sorted(found.values()))}", key=task),
        )
    return tuple(sorted(found.values(), key=str.casefold))


def _by_size(text: str) -> tuple[float, int]:
    """Numbers in order, ``< 10`` before 10, and that before ``> 10``."""
    cell = read_cell(text)
    return cell.value or 0.0, QUALIFIERS.get(cell.qualifier, 0)


def _folded(text: str) -> str:
    """Texts that differ in case, or in how they write a number, are one class."""
    cell = read_cell(text)
    if cell.value is None:
        return text.strip().casefold()
    return f"{cell.qualifier}{cell.value!r}{cell.unit}"


@kind_readers.register("regression")
def _values(source: Source, task: str, entry: TaskEntry, rows: NDArray[np.int64]) -> Reading:
    reading = _numbers(source, task, entry, rows)
    _refuse(
        source,
        rows,
        rows[(reading.bounds != 0)],
        "a value without a qualifier",
        f"as bounds of values: {setting('tasks', 'censored', key=task)}",
    )
    exact = np.where(reading.bounds != 0, np.nan, reading.values)
    kind = Regression(unit=getattr(reading.kind, "unit", ""))
    return Reading(kind, exact, np.zeros(len(rows), np.int8), reading.converted)


@kind_readers.register("censored")
def _numbers(source: Source, task: str, entry: TaskEntry, rows: NDArray[np.int64]) -> Reading:
    cells = source.cells
    wrong = cells.unreadable[rows]
    commas = with_commas([cells.text(row) for row in rows[wrong][:1000]])
    hint = f"texts {commas}" if commas else f"classes: {setting('tasks', 'multiclass', key=task)}"
    _refuse(source, rows, rows[wrong], "a number is expected", hint)
    values = np.where(wrong, np.nan, cells.values[rows])
    _check_qualifiers(source, rows, values)
    measured = ~np.isnan(values)
    bounds = np.where(measured, source.bounds[rows], 0).astype(np.int8)
    unknown = rows[measured & source.unknown_qualifier[rows]]
    source.log.add(Outcome.UNKNOWN_QUALIFIER, source.file, unknown, source.name)
    given = entry.unit and (known_unit(entry.unit) or entry.unit)
    units = [given or source.unit_names[0], *source.unit_names[1:]]
    codes = source.unit_codes[rows]
    converted = False
    for code in np.unique(codes[measured]):
        held = measured & (codes == code)
        if units[code] in (*MOLAR, *BY_MASS):
            held &= ~_below_zero(source, rows, values, held)
        if entry.to_p and units[code] in MOLAR:
            _convert(source, rows, values, bounds, held, units[code])
            units[code], converted = P_SCALE, True
        elif units[0] in MOLAR and units[code] in MOLAR:
            values[held] *= MOLAR[units[code]] / MOLAR[units[0]]
            units[code] = units[0]
    unit = _one_unit(source, task, rows, values, codes, units)
    measured = ~np.isnan(values)
    return Reading(Censored(unit=unit), values, np.where(measured, bounds, 0), converted)


def _check_qualifiers(source: Source, rows: NDArray[np.int64], values: NDArray[np.float64]) -> None:
    """Take what stands beside a text that is no qualifier for not measured, in place."""
    odd = source.wrong_qualifier[rows] & ~np.isnan(values)
    if odd.any() and source.qualifiers is not None:
        texts = [source.qualifiers.text(row) for row in rows[odd]]
        measured = int((~np.isnan(values)).sum())
        source.log.unreadable(
            source.file,
            rows[odd],
            source.name,
            texts,
            "a qualifier such as > or <=",
            measured=measured,
        )
        values[odd] = np.nan


def _below_zero(
    source: Source, rows: NDArray[np.int64], values: NDArray[np.float64], held: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Concentrations that are none, ``(m,) bool``; they are left out, in place."""
    wrong = held & (np.nan_to_num(values) < 0)
    texts = [source.cells.text(row) for row in rows[wrong]]
    hint = f"{setting('missing', texts[0])} if it says that nothing was measured" if texts else ""
    _refuse(source, rows, rows[wrong], "a concentration of 0 or more", hint)
    values[wrong] = np.nan
    return wrong


def _convert(
    source: Source,
    rows: NDArray[np.int64],
    values: NDArray[np.float64],
    bounds: NDArray[np.int8],
    chosen: NDArray[np.bool_],
    unit: str,
) -> None:
    """Convert some concentrations to pActivity, in place."""
    before = values[chosen]
    values[chosen] = to_p_scale(before, unit)
    bounds[chosen] *= -1
    failed = chosen & np.isnan(values)
    _refuse(source, rows, rows[failed], "a concentration above 0")
    done = np.flatnonzero(chosen & ~failed)
    written = [source.cells.text(rows[i]) for i in done]
    details = [
        f"{text if read_cell(text).unit else f'{text} {unit}'} is {values[i]:.6g}"
        for i, text in zip(done, written, strict=True)
    ]
    source.log.add(Outcome.CONVERTED, source.file, rows[done], source.name, details)


def _one_unit(
    source: Source,
    task: str,
    rows: NDArray[np.int64],
    values: NDArray[np.float64],
    codes: NDArray[np.int64],
    units: list[str],
) -> str:
    """The unit of nearly all of these rows; values in other units are left out, in place."""
    measured = np.flatnonzero(~np.isnan(values))
    names = np.array(units, dtype=object)[codes[measured]]
    found, first, counts = np.unique(
        names.astype(str), return_index=True, return_counts=True
    )  # of each unit its first row, too
    if len(found) < 2:
        return str(found[0]) if len(found) else units[0]
    main = str(found[counts.argmax()])
    molar = [unit in MOLAR or unit == P_SCALE for unit in found]
    if sum(molar) > 1 or 2 * counts.max() <= counts.sum():
        hint = f"{setting('to_p')} converts concentrations to pActivity"
        raise InputError(
            f"mixed units in {task!r}: {', '.join(sorted(unit or 'none' for unit in found))}",
            **place_of(source.file, int(rows[measured[first.max()]]), source.log.options),
            column=source.name,
            hint=hint if all(molar) else "one assay, one unit",
        )
    other = measured[names != main]
    _refuse(source, rows, rows[other], f"a value in {main or 'the unit of the others'}")
    values[other] = np.nan
    return main


def _refuse(
    source: Source,
    rows: NDArray[np.int64],
    wrong: NDArray[np.int64],
    expected: str,
    hint: str = "",
) -> None:
    """Leave cells out that say nothing, or raise where most of the rows' measured cells do."""
    texts = [source.cells.text(row) for row in wrong]
    measured = int((~source.cells.missing[rows]).sum())
    source.log.unreadable(source.file, wrong, source.name, texts, expected, hint, measured=measured)


def _kind_hint(source: Source, task: str, wrong: NDArray[np.int64], kind: str) -> str:
    if not len(wrong):
        return ""
    cell = read_cell(source.cells.text(int(wrong[0])))
    if cell.value is None:
        return ""
    return f"{setting('tasks', 'censored' if cell.qualifier else kind, key=task)} takes numbers"
