"""Files to a panel, with what became of their rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bioassay_mtl.panels.decisions import ColumnDecision
from bioassay_mtl.panels.from_tables import content_of_files
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.panels.row_log import RowLog
from bioassay_mtl.panels.schema import PanelSchema, TaskEntry


class Loaded(NamedTuple):
    """A panel, the rows of the files it is from, the layout of those, and what became of them."""

    panel: Panel
    n_rows: int
    layout: str
    log: RowLog

    @property
    def columns(self) -> list[ColumnDecision]:
        """Decision on each column, and why."""
        return self.log.columns


def load_panel(
    files: Sequence[str | Path],
    schema: PanelSchema | None = None,
    *,
    clean: bool = False,
    known: Mapping[str, TaskEntry] | None = None,
) -> Loaded:
    """Read a table, or several PubChem data tables, as a panel.

    Cells that cannot be read are left out and recorded; they are an error where an assay has hardly
    any others.

    Parameters
    ----------
    files
        Their paths; a folder stands for the tables in it.
    schema
        Schema to read them by; by default the one beside the first of them, or what can be found
        out.
    clean
        Leave out molecules that cannot be used, too.
    known
        The only assays to look for (:mod:`bioassay_mtl.panels.known`); None to find them.

    Raises
    ------
    InputError
        If a file cannot be used, with file, line and column as far as they are known.
    """
    found = content_of_files(files, schema, clean=clean, known=known)
    return Loaded(Panel(**vars(found.content)), found.n_rows, found.layout, found.log)
