"""A panel from a table, in a file or in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from bioassay_mtl.panels.panel import Panel

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from bioassay_mtl.panels.schema import PanelSchema


class ArrowTable(Protocol):
    """A table that pyarrow can take over, such as a DataFrame of polars."""

    def to_arrow(self) -> Any:
        """The same as a `pyarrow.Table`."""


def read_panel(
    table: str | Path | pd.DataFrame | pa.Table | ArrowTable,
    smiles_column: str | None = None,
    id_column: str | None = None,
    tasks: Sequence[str] | Mapping[str, Any] | None = None,
    schema: PanelSchema | Mapping[str, Any] | None = None,
) -> Panel:
    """Read a table as a panel: wide, long, or from PubChem.

    Parameters
    ----------
    table
        A file: CSV, TSV (also ``.gz``) or Parquet; a folder stands for the PubChem data tables in
        it. Or a table of pandas, polars or pyarrow, wide or long, which is read by the same rules;
        of pandas a named index is a column, too, and RDKit molecules become SMILES.
    smiles_column
        Column of SMILES; by default found by its name, as for molecule files.
    id_column
        Column of names; by default found likewise, else ``row``, else rows are numbered from 0 (of
        a table of pandas named by its index, where that is another one).
    tasks
        The assays, by their names, or a mapping from names to kinds (``"regression"``,
        ``"ordinal:low,high"``, or settings). By default those of the schema, or those found by
        their values (:mod:`bioassay_mtl.panels.choice` states the rules). Columns of a wide
        table that are no assays are kept in :attr:`Panel.columns`.
    schema
        Schema of the table, or a mapping of its settings; by default the one in the file beside it,
        if any.

    Raises
    ------
    InputError
        If the table cannot be read, a column is missing, there is no assay, or a cell is no
        label of its assay's kind; with file, line and column.
    ConfigError
        If the schema is wrong.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame(
    ...     {"smiles": ["CCO", "CCN", "c1ccccc1"], "toxic": [0, 1, None], "logd": ["<-2", 0.1, 2.1]}
    ... )
    >>> panel = read_panel(table)
    >>> [(task, kind.kind) for task, kind in zip(panel.tasks, panel.kinds)]
    [('toxic', 'binary'), ('logd', 'censored')]
    >>> read_panel(table, tasks={"logd": "censored"}).mask.tolist()
    [[True], [True], [True]]
    """
    return Panel.read(table, smiles_column, id_column, tasks, schema)
