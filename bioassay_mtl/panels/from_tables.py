"""Tables to what a panel is made of: the schema, the layout, and what became of the rows."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from bioassay_mtl.errors import InputError, counted
from bioassay_mtl.panels.content import PanelContent
from bioassay_mtl.panels.finish import finish
from bioassay_mtl.panels.header import some
from bioassay_mtl.panels.known import in_header, with_known
from bioassay_mtl.panels.known_layouts import layouts
from bioassay_mtl.panels.outcomes import without
from bioassay_mtl.panels.parts import TURNS, Layout
from bioassay_mtl.panels.row_log import Outcome, RowLog
from bioassay_mtl.panels.schema import NO_TASK, PanelSchema, Roles, TaskEntry, schema_for
from bioassay_mtl.tables.cells import Cells
from bioassay_mtl.tables.frame import frame_table
from bioassay_mtl.tables.table import IN_MEMORY, place_of, read_table
from bioassay_mtl.tasks.units import P_SCALE
from bioassay_mtl.wording import setting

if TYPE_CHECKING:
    import pyarrow as pa

logger = logging.getLogger(__name__)

_SHOWN = 10  # cells that cannot be read


class Found(NamedTuple):
    """Content of a panel, the rows of the files, their layout, and what became of them."""

    content: PanelContent
    n_rows: int
    layout: str
    log: RowLog


def content_of_files(
    files: Sequence[str | Path],
    schema: PanelSchema | None = None,
    *,
    clean: bool = False,
    known: Mapping[str, TaskEntry] | None = None,
) -> Found:
    """Read a table, or several: see :func:`bioassay_mtl.panels.load.load_panel`."""
    paths = [path for file in files for path in _tables(Path(file))]
    if not paths:
        raise InputError("no table in the folder", file=Path(files[0]) if files else None)
    schema = schema if schema is not None else schema_for(paths[0])
    tables = [read_table(path, schema) for path in paths]
    return _found(tables, paths, schema, RowLog(clean, schema), known)


def content_of_table(
    table: Any,
    smiles_column: str | None = None,
    id_column: str | None = None,
    tasks: Sequence[str] | Mapping[str, Any] | None = None,
    schema: PanelSchema | Mapping[str, Any] | None = None,
) -> PanelContent:
    """Read a table, in a file or in memory: see :func:`bioassay_mtl.panels.read.read_panel`."""
    path = Path(table) if isinstance(table, str | Path) else None
    if schema is None:
        schema = PanelSchema() if path is None else schema_for(path)
    elif not isinstance(schema, PanelSchema):
        schema = PanelSchema.of(schema)
    given = {"smiles": smiles_column, "id": id_column}
    roles = schema.columns.model_copy(update={k: v for k, v in given.items() if v is not None})
    schema = schema.model_copy(update={"columns": roles})
    if isinstance(tasks, Mapping):
        schema = schema.changed(tasks=tasks, also={})
    elif tasks is not None:
        entries = {task: schema.entry(task) for task in tasks}
        schema = schema.model_copy(update={"tasks": entries, "also": {}})
    if path is not None:
        return content_of_files([path], schema).content
    frame = frame_table(table, IN_MEMORY, schema)
    return _found([frame], [IN_MEMORY], schema, RowLog(options=schema), None).content


def _found(
    tables: Sequence[pa.Table],
    paths: Sequence[Path],
    schema: PanelSchema,
    log: RowLog,
    known: Mapping[str, TaskEntry] | None,
) -> Found:
    table, path = tables[0], paths[0]
    name = schema.layout or layout_of(table, path, schema, known or {})
    layout = layouts[name]
    if known is not None:
        schema = with_known(schema, table, path, name, known)
    if len(paths) > 1 and not layout.many:
        raise InputError("only PubChem data tables can be merged, and this is none", file=path)
    _check_obeyed(layout, name, schema, path)
    content = finish(layout.read(tables, paths, schema, log), schema, paths, log)
    if known is None:
        _check_converted(content, schema, path)
        _check_missing(tables, schema, path)
    _say(log, path)
    return Found(content, sum(t.num_rows for t in tables), name, log)


def _check_obeyed(layout: Layout, name: str, schema: PanelSchema, path: Path) -> None:
    """Raise an InputError where a column has a role that there is not in such a table."""
    for role in Roles.model_fields:
        asked = getattr(schema.columns, role)
        if asked is not None and role not in layout.heeds:
            raise InputError(
                f"{asked!r} can be no column of {role}s: a table of layout {name!r} has none",
                file=path,
                column=asked,
                hint=f"leave out {setting('columns', asked, key=role)}, or give another layout",
            )
    if schema.qualifier_of is not None and TURNS not in layout.heeds:
        raise InputError(
            f"{setting(TURNS)} is for long tables, and this one is of layout {name!r}",
            file=path,
            hint="leave it out: a qualifier is of the column that it stands in or beside",
        )


def layout_of(
    table: pa.Table, path: Path, schema: PanelSchema, known: Mapping[str, TaskEntry]
) -> str:
    """The layout of a table: wide where the assays that are asked for are its columns."""
    fitting = [name for name in layouts if layouts[name].recognizes(table, path, schema)]
    best = max(fitting, key=lambda name: layouts[name].rank)
    named = {*(schema.tasks or ()), *schema.also} - {
        task for task, entry in schema.also.items() if entry.kind == NO_TASK
    }
    asked = (named and named <= {*table.column_names}) or in_header(table, known)
    roles = schema.columns.assay is not None or schema.columns.value is not None
    if asked and not layouts[best].many and not roles and best == "long":
        return "wide"
    return best


def _check_converted(content: PanelContent, schema: PanelSchema, path: Path) -> None:
    """Raise an InputError where values were to be converted, and no assay is a pActivity."""
    if schema.to_p and not any(getattr(k, "unit", "") == P_SCALE for k in content.kinds):
        raise InputError(
            "nothing was converted to pActivity: no values have a unit of concentration",
            file=path,
            hint="write it in the header, as 'NAME (nM)', or in a column of units; or leave out "
            + setting("to_p"),
        )


def _check_missing(tables: Sequence[pa.Table], schema: PanelSchema, path: Path) -> None:
    """Raise an InputError where a text that says 'not measured' is nowhere in the table."""
    for text in schema.missing:
        columns = (Cells(column) for table in tables for column in table.itercolumns())
        if not any(without(cells, [text]) is not cells for cells in columns):
            raise InputError(
                f"no cell holds {text!r}", file=path, hint=f"{setting('missing', text)} says so"
            )


def _say(log: RowLog, path: Path) -> None:
    for _, text in log.notes:
        logger.info("%s: %s", path.name, text)
    if left := [f"{each.column!r} ({each.reason})" for each in log.columns if each.left_out]:
        logger.info("%s: no assays: %s", path.name, some(left, 50))
    for outcome, count in log.counts().items():
        logger.info("%s: %s: %s", path.name, outcome, counted(count, "row"))
    bad = [event for event in log.events if event.outcome is Outcome.UNREADABLE]
    cells = [
        f"{place_text(event.file, row, log)}, column {event.column!r}: {text!r}"
        for event in bad
        for row, text in list(zip(event.rows.tolist(), event.details, strict=True))[:_SHOWN]
    ]
    if cells and not log.clean:
        n = sum(len(event.rows) for event in bad)
        more = f" and {n - _SHOWN:,} more" if n > _SHOWN else ""
        logger.warning(
            "%s: %s cannot be read, and left out: %s%s",
            path.name,
            counted(n, "cell"),
            "; ".join(cells[:_SHOWN]),
            more,
        )


def place_text(file: Path, row: int, log: RowLog) -> str:
    """Place of a row, for people: ``line 5``."""
    place = place_of(file, row, log.options)
    return f"line {place['line']}" if "line" in place else f"row {row}"


def _tables(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    ends = (".csv", ".tsv", ".tab", ".csv.gz", ".tsv.gz", ".tab.gz", ".parquet")
    return sorted(p for p in path.iterdir() if p.name.lower().endswith(ends))
