"""A panel as a table that leaves nothing to be found out, with its schema and the log of rows."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from bioassay_mtl.panels.assembly import written
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.panels.row_log import RowLog
from bioassay_mtl.tables.cells import bound_of
from bioassay_mtl.tables.formulas import FormulaGuard
from bioassay_mtl.tables.table import lines_of
from bioassay_mtl.tasks.units import known_unit


def with_id_column(panel: Panel) -> tuple[Panel, str, str]:
    """The panel as its cleaned table gives it, and the table's columns of SMILES and of names.

    A column without a name, of which the rows that are left hold nothing, is none of a table.
    """
    kept = {name: held for name, held in panel.columns.items() if name or any(held)}
    if len(kept) < len(panel.columns):
        panel = panel.changed(columns=kept)
    taken = {*panel.tasks, *panel.columns}
    identity = next((name for name, held in panel.columns.items() if held == panel.ids), None)
    if identity is None:
        identity = _free("id", taken)
        panel = panel.changed(columns={**panel.columns, identity: panel.ids})
    return panel, _free("smiles", {*taken, identity}), identity


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name


def write_table(
    panel: Panel, smiles: str, stream: TextIO, guard: FormulaGuard | None = None
) -> None:
    """Write a panel of `with_id_column` as CSV, one row a molecule, with all text as it is.

    A `guard` that is given counts what a spreadsheet would run.
    """
    guard = guard or FormulaGuard()
    columns = list(panel.columns)
    _write(stream, guard([smiles, *panel.tasks, *columns]))
    cells = panel.cells
    tasks, values, bounds = cells.task.tolist(), cells.value.tolist(), cells.bounds.tolist()
    for row, structure in enumerate(panel.structures or [""] * len(panel)):
        held = [""] * len(panel.tasks)
        for at in range(cells.offsets[row], cells.offsets[row + 1]):
            held[tasks[at]] = written(values[at], bounds[at], panel.kinds[tasks[at]])
        texts = guard([structure, *(panel.columns[name][row] for name in columns)])
        _write(stream, [texts[0], *held, *texts[1:]])


def schema_text(panel: Panel, smiles: str, identity: str) -> str:
    """The schema of the cleaned table, as YAML."""
    import yaml

    tasks = {
        task: {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in kind.model_dump().items()
            if value
        }
        for task, kind in zip(panel.tasks, panel.kinds, strict=True)
    }
    kept = {text for held in panel.columns.values() for text in held}
    if any(bound_of(text) is not None or known_unit(text) is not None for text in kept):
        for entry in tasks.values():  # a column that is kept looks like one of qualifiers or units
            entry["qualifier"] = ""
    settings: dict[str, Any] = {
        "layout": "wide",
        "columns": {"smiles": smiles, "id": identity},
        "tasks": tasks,
    }
    if panel.standardize:
        settings["standardize"] = panel.standardize
    # What is no letter, such as a line separator, is escaped: YAML would fold it.
    plain = all(name.isprintable() for name in (*panel.tasks, smiles, identity))
    text: str = yaml.safe_dump(settings, sort_keys=False, allow_unicode=plain)
    return text


def write_log(log: RowLog, stream: TextIO) -> None:
    """Write what became of each row that was changed or left out, as CSV to be read by people.

    It tells of cells that made no sense: what a spreadsheet would run gets an apostrophe.
    """
    guard = FormulaGuard(quote=True)
    _write(stream, ["file", "line", "column", "outcome", "detail"])
    for entry in _entries(log):
        _write(stream, guard(entry))


def _write(stream: TextIO, fields: Sequence[str]) -> None:
    # Of itself the writer quotes a carriage return only where that ends the lines.
    returns = any("\r" in text for text in fields)
    csv.writer(
        stream, lineterminator="\n", quoting=csv.QUOTE_ALL if returns else csv.QUOTE_MINIMAL
    ).writerow(fields)


def _entries(log: RowLog) -> Iterator[Sequence[str]]:
    lines: dict[Path, list[int]] = {}
    for event in log.events:
        if event.file not in lines:
            lines[event.file] = lines_of(event.file, log.options)
        for row, detail in zip(event.rows.tolist(), event.details, strict=True):
            line = str(lines[event.file][row])
            yield str(event.file), line, event.column, event.outcome.value, detail
