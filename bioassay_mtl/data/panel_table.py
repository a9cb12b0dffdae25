"""A panel from a table in a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bioassay_mtl.data.panel import Panel
from bioassay_mtl.data.panels.load import load_panel
from bioassay_mtl.data.panels.schema import PanelSchema, schema_for


def read_panel(
    path: str | Path,
    smiles_column: str | None = None,
    id_column: str | None = None,
    tasks: Sequence[str] | None = None,
    schema: PanelSchema | None = None,
) -> Panel:
    """Read a CSV, TSV (also ``.gz``) or Parquet table: wide, long, or from PubChem.

    Parameters
    ----------
    path
        The table; a folder stands for the PubChem data tables in it.
    smiles_column
        Column of SMILES; by default found by its name, as for molecule files.
    id_column
        Column of names; by default found likewise, else ``row``, else rows are numbered from 0.
    tasks
        The assays, by their names. By default those of the schema, or those found by their values
        (:mod:`bioassay_mtl.data.panels.choice` states the rules). Columns of a wide table that are
        no assays are kept in :attr:`Panel.columns`.
    schema
        How to read the table; by default the one in the file beside it, if any.

    Raises
    ------
    InputError
        Where the file cannot be read, a column is missing, there is no assay, or a cell is no label
        of its assay's kind; with file, line and column.
    """
    schema = schema if schema is not None else schema_for(Path(path))
    given = {"smiles": smiles_column, "id": id_column}
    roles = schema.columns.model_copy(update={k: v for k, v in given.items() if v is not None})
    schema = schema.model_copy(update={"columns": roles})
    if tasks is not None:
        entries = {task: schema.entry(task) for task in tasks}
        schema = schema.model_copy(update={"tasks": entries, "also": {}})
    return load_panel([path], schema).panel
