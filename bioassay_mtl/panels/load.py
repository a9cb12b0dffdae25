"""From files to a panel: the schema, the layout, and what became of the rows."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from bioassay_mtl.errors import InputError, counted
from bioassay_mtl.panels.known import in_header, with_known
from bioassay_mtl.panels.layouts.long import is_long, read_long
from bioassay_mtl.panels.layouts.pubchem import is_pubchem, read_pubchem
from bioassay_mtl.panels.layouts.wide import read_wide
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.panels.row_log import Outcome, RowLog
from bioassay_mtl.panels.schema import PanelSchema, TaskEntry, schema_for
from bioassay_mtl.tables.frame import table_of
from bioassay_mtl.tables.table import IN_MEMORY, read_table

if TYPE_CHECKING:
    import pyarrow as pa

logger = logging.getLogger(__name__)


class Loaded(NamedTuple):
    """A panel, the rows of the files it is from, the layout of those, and what became of them."""

    panel: Panel
    n_rows: int
    layout: str
    log: RowLog


def load_panel(
    files: Sequence[str | Path],
    schema: PanelSchema | None = None,
    *,
    strict: bool = True,
    known: Mapping[str, TaskEntry] | None = None,
) -> Loaded:
    """Read a table, or several PubChem data tables, as a panel.

    Parameters
    ----------
    files
        Their paths; a folder stands for the tables in it.
    schema
        How to read them; by default the schema beside the first of them, or what can be found out.
    strict
        Raise an error at a cell that cannot be read, rather than leave it out.
    known
        The only assays to look for (:mod:`bioassay_mtl.panels.known`); None to find them.

    Raises
    ------
    InputError
        Where a file cannot be used, with file, line and column as far as they are known.
    """
    paths = [path for file in files for path in _tables(Path(file))]
    if not paths:
        raise InputError("no table in the folder", file=Path(files[0]) if files else None)
    schema = schema if schema is not None else schema_for(paths[0])
    return _loaded([read_table(path, schema) for path in paths], paths, schema, strict, known)


def load_frame(given: Any, schema: PanelSchema, *, strict: bool = True) -> Loaded:
    """Read a table in memory (:func:`bioassay_mtl.tables.frame.table_of`) as a panel.

    Raises
    ------
    InputError
        It cannot be used, with row and column as far as they are known.
    """
    table = table_of(given, IN_MEMORY)
    if is_pubchem(table) and schema.layout in (None, "pubchem"):
        raise InputError(
            "a data table of PubChem does not say which assay it is of: its file's name does",
            hint="read the file; or name SMILES, and the outcome as a task, with layout 'wide'",
        )
    return _loaded([table], [IN_MEMORY], schema, strict, None)


def _loaded(
    tables: Sequence[pa.Table],
    paths: Sequence[Path],
    schema: PanelSchema,
    strict: bool,
    known: Mapping[str, TaskEntry] | None,
) -> Loaded:
    log = RowLog(strict)
    table, path = tables[0], paths[0]
    layout = schema.layout or _layout(table, path, schema, known or {})
    if known is not None:
        schema = with_known(schema, table, path, layout, known)
    if layout == "pubchem":
        panel = read_pubchem(tables, paths, schema, log)
    elif len(paths) > 1:
        raise InputError("only PubChem data tables can be merged, and this is none", file=path)
    else:
        panel = (read_long if layout == "long" else read_wide)(table, path, schema, log)
    if schema.standardise:
        panel = panel.changed(standardise=schema.standardise)
    if schema.to_p and not any(event.outcome is Outcome.CONVERTED for event in log.events):
        logger.warning(
            "%s: nothing was converted to the p-scale: no values have a unit of concentration "
            "(write it in the header, as 'NAME (nM)', or in a column of units)",
            path.name,
        )
    for note in log.notes:
        logger.info("%s: %s", path.name, note)
    for outcome, count in log.counts().items():
        logger.info("%s: %s: %s", path.name, outcome, counted(count, "row"))
    return Loaded(panel, sum(t.num_rows for t in tables), layout, log)


def _tables(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    ends = (".csv", ".tsv", ".tab", ".csv.gz", ".tsv.gz", ".tab.gz", ".parquet")
    return sorted(p for p in path.iterdir() if p.name.lower().endswith(ends))


def _layout(
    table: pa.Table, path: Path, schema: PanelSchema, known: Mapping[str, TaskEntry]
) -> str:
    if is_pubchem(table):
        return "pubchem"
    if schema.columns.assay is not None or schema.columns.value is not None:
        return "long"
    named = {*(schema.tasks or ()), *schema.also}
    if (named and named <= set(table.column_names)) or in_header(table, known):
        return "wide"
    return "long" if is_long(table, path) else "wide"
