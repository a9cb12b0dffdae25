"""Choice of the columns of a table that are assays, and why.

The order of reasons: what somebody asked for; what the name says
(:mod:`bioassay_mtl.panels.names`); what the cells say:

1. columns with a unit or of a measured type in their names;
2. with qualifiers (``> 10000``) or words of an outcome, which no descriptor has; and with 0 and 1;
3. where there is none, other numbers, except descriptors by their names;
4. where there is none, a few different texts;
5. where there is none, 0 or 1 alone.

Constants, row numbers, identifiers, flags, splits and computed properties are none by themselves.
A column that may be measured or not, beside others that are, is asked about, unless somebody has
named assays: those are it then. Every decision is kept in :attr:`RowLog.columns`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bioassay_mtl.errors import InputError, counted
from bioassay_mtl.panels.beside import Companions
from bioassay_mtl.panels.candidate import DESCRIBED, Candidate, Held, held_by, judged
from bioassay_mtl.panels.decisions import ColumnDecision, Role
from bioassay_mtl.panels.header import require, some
from bioassay_mtl.panels.label_cells import say_aside
from bioassay_mtl.panels.names import Says
from bioassay_mtl.panels.outcomes import (
    plain_outcome,
    say_themselves,
    without,
    word_outcomes,
)
from bioassay_mtl.panels.reading import infer_kind, share_of_outcomes
from bioassay_mtl.panels.row_log import RowLog, Topic
from bioassay_mtl.panels.schema import NO_TASK, PanelSchema, TaskEntry
from bioassay_mtl.panels.source import Source
from bioassay_mtl.tables.table import place_of
from bioassay_mtl.wording import setting

if TYPE_CHECKING:
    import pyarrow as pa


_LABELS = (Held.OUTCOMES, Held.WORDS, Held.BOUNDS, Held.NUMBERS, Held.CLASSES)
_DOUBTFUL = (Held.NOTHING, Held.ONE_VALUE, Held.ONE_OUTCOME, Held.OUTCOMES, Held.BOUNDS, Held.SLIPS)
_COMPUTED = (Says.PROPERTY, Says.KEY)
_ALONE = (Held.ONE_VALUE, Held.ONE_OUTCOME)
_MOST = 0.5  # of the cells of a column of texts are outcomes
_MANY_KEYS = 20  # complete columns of 0 and 1 beside few that are named


def choose_assays(
    table: pa.Table,
    path: Path,
    schema: PanelSchema,
    companions: Companions,
    taken: Iterable[str | None],
    log: RowLog,
) -> dict[str, tuple[Source, str]]:
    """Columns that are assays, and the kind of each."""
    named = schema.tasks if schema.tasks is not None else {}
    for name in (*named, *schema.also):
        require(table, name, path)
    asked = {*named, *schema.also}
    others = {*taken, *companions.columns} - asked
    columns = [*(table.column_names if schema.tasks is None else named)]
    columns += [name for name in schema.also if name not in columns]
    candidates = {
        name: judged(table, name, path, schema, companions, log)
        for name in columns
        if name in asked or name not in others
    }
    candidates = _without_minus_one(candidates, schema, path, log)
    found = _decided(candidates, schema, asked, path)
    chosen = {}
    for name, (verdict, reason) in found.items():
        each, entry = candidates[name], schema.entry(name)
        kind = ""
        if verdict:
            kind = _asked(each, entry) if name in asked else each.kind or ""
            chosen[name] = each.source, kind
            _say_words(each, kind, log)
            say_aside(each.source, log)
        role = Role.ASSAY if verdict else Role.OTHER
        looks = not verdict and entry.kind != NO_TASK and _looks_measured(each)
        log.columns.append(ColumnDecision(name, role, kind, reason, looks))
    if not chosen:
        raise _no_assay(candidates, found, path, len(table))
    return chosen


def _decided(
    candidates: Mapping[str, Candidate], schema: PanelSchema, asked: set[str], path: Path
) -> dict[str, tuple[bool, str]]:
    """Decision on each column: whether it is an assay, and why."""
    found: dict[str, tuple[bool, str]] = {}
    free: list[Candidate] = []
    for name, each in candidates.items():
        if schema.entry(name).kind == NO_TASK:
            found[name] = False, "as asked"
        elif name in asked:
            found[name] = True, "as asked"
        elif (why := _never(each)) is not None:
            found[name] = False, why
        else:
            free.append(each)
    picked = [each for each in free if each.says.measured and each.held in _LABELS]
    picked += [each for each in free if each not in picked and _speaks(each)]
    picked = _without_doubles(picked, found)
    named = [*picked, *(candidates[name] for name, (yes, _) in found.items() if yes)]
    settled = bool(asked & {name for name, (yes, _) in found.items() if yes})
    if named and not settled:
        wanted = (c for c in candidates.values() if schema.entry(c.name).kind != NO_TASK)
        _ask_for_commas(wanted, path)
    if not settled:
        _ask_for_slips(candidates.values(), found, schema, path)
    unclear = [each for each in free if each not in picked and each.name not in found]
    found |= {each.name: (True, _why(each)) for each in picked}
    found |= _others(unclear, named, settled, path)
    return {name: found[name] for name in candidates}


def _ask_for_commas(candidates: Iterable[Candidate], path: Path) -> None:
    """Raise an InputError where a column of a measured type would be lost for its commas."""
    for each in candidates:
        is_text = each.says.measured and each.held is Held.TEXTS
        if is_text and each.described != DESCRIBED[Held.TEXTS]:
            take, leave = (setting("tasks", k, key=each.name) for k in ("regression", NO_TASK))
            raise InputError(
                f"a name of a measured type, and {each.described}",
                file=path,
                column=each.name,
                hint=f"{take} reads what is a number; {leave} leaves it out",
            )


def _ask_for_slips(
    candidates: Iterable[Candidate],
    found: Mapping[str, tuple[bool, str]],
    schema: PanelSchema,
    path: Path,
) -> None:
    """Raise an InputError where a column of outcomes would be lost for a few numbers."""
    for each in candidates:
        is_open = each.name in found and schema.entry(each.name).kind != NO_TASK
        if not (is_open and each.held is Held.SLIPS) or each.says.never:
            continue
        row, text = each.slip
        outcomes, numbers, leave = (
            setting("tasks", kind, key=each.name) for kind in ("binary", "regression", NO_TASK)
        )
        raise InputError(
            f"outcomes, or numbers? {text!r}, where nearly all others are 0 and 1",
            **place_of(path, row, schema),
            column=each.name,
            hint=f"{outcomes} leaves out what is neither; {numbers} takes numbers; "
            f"{leave} leaves out the column",
        )


def _never(each: Candidate) -> str | None:
    """Reason why a column is no assay by default, or None."""
    if each.held is Held.ONE_VALUE and each.says.measured and each.kind is not None:
        return None  # the last resort
    if each.held in (Held.NOTHING, Held.ONE_VALUE, Held.ROW_NUMBERS, Held.SLIPS, Held.TEXTS):
        return each.described
    # No id or descriptor has gaps and is 0 or 1 elsewhere, however it is called.
    sure = each.held is Held.OUTCOMES and each.gaps
    firm = each.says in (Says.FLAG, Says.SPLIT, Says.KEY, Says.PREDICTION)
    if each.says in _COMPUTED and each.held is Held.NUMBERS:
        return None  # the last resort, where nothing else is there
    if each.says.never and (firm or not sure):
        return f"a name {each.says.value}"
    return None


def _speaks(each: Candidate) -> bool:
    """Whether the cells can be nothing but measured, whatever the name says."""
    if each.says.never:
        return each.held is Held.OUTCOMES and each.gaps
    if each.held is Held.WORDS:
        texts = [each.source.cells.texts[code] for code in each.source.occurring()]
        return say_themselves(texts)
    return each.held is Held.BOUNDS or (each.held is Held.OUTCOMES and each.gaps)


def _without_doubles(
    picked: list[Candidate], found: dict[str, tuple[bool, str]]
) -> list[Candidate]:
    """Leave out texts that say in words what a column of outcomes says in numbers."""
    outcomes = [each for each in picked if each.kind == "binary"]
    kept = []
    for each in picked:
        same = None
        if each.held is Held.CLASSES:
            same = next((other for other in outcomes if _tells(each, other)), None)
        if same is not None:
            found[each.name] = False, f"says in words what {same.name!r} says"
        else:
            kept.append(each)
    return kept


def _tells(each: Candidate, other: Candidate) -> bool:
    """Whether one column's text decides the other's, wherever both are there."""
    if each is other:
        return False
    both = ~each.source.cells.missing & ~other.source.cells.missing
    pairs = np.unique(
        np.stack([each.source.cells.codes[both], other.source.cells.codes[both]]), axis=1
    )
    return bool(both.any()) and len(np.unique(pairs[0])) == pairs.shape[1]


def _others(
    unclear: Sequence[Candidate], named: Sequence[Candidate], settled: bool, path: Path
) -> dict[str, tuple[bool, str]]:
    """Decision on columns that neither their names nor their cells make assays at once."""
    plain = [each for each in unclear if not each.says.never]
    outcomes = [each for each in plain if each.held is Held.OUTCOMES]
    values = [each for each in named if each.kind != "binary" and each.says.measured]
    if outcomes and not settled:
        few = not named or len(outcomes) < _MANY_KEYS * len(named)
        if values or not few:
            raise _which(outcomes, named, path, "0 and 1", "outcomes measured, or flags or keys")
        found = {each.name: (True, _why(each)) for each in outcomes}
    else:
        found = {}
    anything = bool(named) or bool(found)
    rest = [each for each in unclear if each.name not in found]
    gappy = [e for e in rest if e.held is Held.NUMBERS and e.gaps and not e.says.never]
    if gappy and anything and not settled:
        raise _which(
            gappy,
            named or outcomes,
            path,
            "numbers in some rows",
            "values measured, or properties computed",
        )
    if not anything:
        found |= _last_resort(rest)
    beside = "no measured type, beside columns that have one"
    return found | {
        each.name: (
            False,
            f"a name {each.says.value}"
            if each.says.never
            else f"{each.described}{'' if each.held in _ALONE else f': {beside}'}",
        )
        for each in rest
        if each.name not in found
    }


def _last_resort(rest: Sequence[Candidate]) -> dict[str, tuple[bool, str]]:
    numbers = [each for each in rest if each.held is Held.NUMBERS]
    # A property by its name is one where it is not the only column of numbers.
    computed = [each for each in numbers if each.says in _COMPUTED]
    numbers = [each for each in numbers if each not in computed] or computed
    classes = [each for each in rest if each.held in (Held.CLASSES, Held.WORDS)]
    alone = [each for each in rest if each.held in _ALONE]
    for group in (numbers, classes, alone):
        if group:
            return {each.name: (True, f"{each.described}, and no other is measured")
                    for each in group}  # fmt: skip
    return {}


def _why(each: Candidate) -> str:
    name = f"a name {each.says.value}, " if each.says.measured else ""
    gaps = " in some rows" if not name and each.held is Held.OUTCOMES and each.gaps else ""
    return f"{name}{each.described}{gaps}"


def _which(
    unclear: Sequence[Candidate], named: Sequence[Candidate], path: Path, held: str, readings: str
) -> InputError:
    first = unclear[0].name
    names = some([each.name for each in unclear])
    beside = some([each.name for each in named], 4)
    take = setting("tasks", unclear[0].kind or "binary", key=first)
    leave = setting("tasks", NO_TASK, key=first)
    keep = setting("tasks", named[0].kind or "regression", key=named[0].name) if named else leave
    return InputError(
        f"{readings}? {counted(len(unclear), 'column holds', 'columns hold')} {held} beside "
        f"{beside}: {names}",
        file=path,
        hint=f"{take} takes one; {leave} leaves one out; {keep} takes only what is named or clear",
    )


def _without_minus_one(
    candidates: Mapping[str, Candidate], schema: PanelSchema, path: Path, log: RowLog
) -> dict[str, Candidate]:
    """If columns hold 1, 0 and -1, take the last one for not measured.

    Raises
    ------
    InputError
        If 1 and -1 is all that they hold.
    """
    ternary = {name: each for name, each in candidates.items() if _is_ternary(each, schema)}
    held = {v for each in ternary.values() for v in each.source.cells.values if not np.isnan(v)}
    if not ternary:
        return dict(candidates)
    if 0 not in held:
        first = next(iter(ternary))
        raise InputError(
            f"is -1 inactive, or not measured? {some(list(ternary))}: 1 and -1 alone",
            file=path,
            hint=f"{setting('tasks', 'binary:-1,1', key=first)} if it is inactive; "
            f"{setting('missing', '-1')} if nothing was measured",
        )
    log.note(Topic.WORDS, f"-1 is read as not measured: {some(list(ternary))}")
    changed = dict(candidates)
    for name, each in ternary.items():
        source = each.source
        cells = without(source.cells, ["-1"])
        source = Source(path, name, cells, log, source.qualifiers, source.units)
        kind = infer_kind(source)
        changed[name] = each._replace(
            source=source, kind=kind, held=held_by(source, kind, each.says)
        )
    return changed


def _is_ternary(each: Candidate, schema: PanelSchema) -> bool:
    entry = schema.entry(each.name)
    if entry.kind not in (None, "binary") or entry.classes or each.says.never:
        return False
    cells = each.source.cells
    held = {cells.parsed[code].value for code in each.source.occurring()}
    texts = any(cells.parsed[code].qualifier or cells.parsed[code].unit
                for code in each.source.occurring())  # fmt: skip
    return -1 in held and 1 in held and held <= {-1, 0, 1} and not texts


def _looks_measured(each: Candidate) -> bool:
    """Whether a column that is no assay holds outcomes, bounds or broken numbers."""
    cells = each.source.cells
    if each.held is Held.TEXTS:
        return share_of_outcomes(cells) > _MOST
    broken = bool((cells.values != np.rint(cells.values))[~np.isnan(cells.values)].any())
    return each.held in _DOUBTFUL or (each.held is Held.NUMBERS and broken)


def _asked(each: Candidate, entry: TaskEntry) -> str:
    """The kind of a column that somebody named."""
    if entry.kind is not None:
        return entry.kind
    cells = each.source.cells
    codes = each.source.occurring()
    if each.kind is not None and each.held is not Held.SLIPS:
        return each.kind
    if any(plain_outcome(cells, code) is not None for code in codes):
        return "binary"  # whose reader names the cell that is none
    raise InputError(
        "a label is 0, 1 or empty, or a number, or one of a few texts; found "
        f"{cells.texts[codes[0]][:80]!r}"
        if codes
        else "nothing is measured",
        file=each.source.file,
        column=each.name,
        hint=f"{setting('tasks', 'KIND', key=each.name)} says what it holds" if codes else None,
    )


def _say_words(each: Candidate, kind: str, log: RowLog) -> None:
    """Say what words were taken for, and units that are spelled as another."""
    if kind == "binary" and each.held is Held.WORDS:
        texts = [each.source.cells.texts[code] for code in each.source.occurring()]
        words = word_outcomes(texts)
        said = [
            f"{', '.join(sorted(t for t in words if words[t] == label))} is {meaning}"
            for label, meaning in ((1, "active"), (0, "inactive"))
            if label in words.values()
        ]
        log.note(Topic.WORDS, f"{each.name}: {'; '.join(said)}")
    spelled, unit = each.source.spelled_unit
    if spelled and kind in ("regression", "censored"):
        log.note(Topic.UNITS, f"{each.name}: the unit of {spelled!r} is read as {unit}")


def _no_assay(
    candidates: Mapping[str, Candidate],
    found: Mapping[str, tuple[bool, str]],
    path: Path,
    n_rows: int,
) -> InputError:
    held = "; ".join(f"{name!r} is {found[name][1]}" for name in list(candidates)[:4])
    take = setting("tasks", "KIND", key="NAME")
    return InputError(
        "no assay: no column holds 0 and 1, different numbers, or a few texts"
        + (f" ({held})" if held else ""),
        file=path,
        hint=f"{take} says that a column is one" if n_rows else "it has no rows",
    )
