"""Parts that a layout finds in its tables: molecules, and the measurements of each assay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.tables.structures import uncut

if TYPE_CHECKING:
    import pyarrow as pa

    from bioassay_mtl.panels.reading import Reading
    from bioassay_mtl.panels.row_log import RowLog
    from bioassay_mtl.panels.schema import PanelSchema


class Part(NamedTuple):
    """The labels of one assay, and the record of each, ``(m,) int64``."""

    task: str
    reading: Reading
    records: NDArray[np.int64]


@dataclass(eq=False)
class Parts:
    """Records (rows of tables) and the assays that were measured of them.

    Parameters
    ----------
    structures
        R SMILES.
    assays
        Labels of each assay.
    columns
        Further columns, R texts each.
    ids
        R names; None to number molecules.
    identity
        The column that the names are from.
    rows, files
        ``(R,) int64``: the row of its file of each record, and the file, as a place in a list; by
        default 0, 1, 2, ... of the first file.
    by
        Key that makes one molecule of records: nothing (``row``: every record is one, and stays,
        unless the schema merges), the same text (``text``), or the same key (``key``).
    keys
        R texts; the SMILES stands in for an empty one.
    """

    structures: list[str]
    assays: list[Part]
    columns: dict[str, list[str]] = field(default_factory=dict)
    ids: list[str] | None = None
    identity: str | None = None
    rows: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    files: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    by: Literal["row", "text", "key"] = "text"
    keys: list[str] | None = None

    def __post_init__(self) -> None:
        # Text behind a blank is not cut off: such a cell is no SMILES.
        self.structures = [uncut(text) for text in self.structures]
        if not len(self.rows):
            self.rows = np.arange(len(self.structures))
        if not len(self.files):
            self.files = np.zeros(len(self.structures), np.int64)

    @property
    def used(self) -> NDArray[np.int64]:
        """Records that a molecule is made of, in order."""
        if self.by == "row":
            return np.arange(len(self.structures))
        found = np.zeros(len(self.structures), np.bool_)
        for part in self.assays:
            found[part.records] = True
        return np.flatnonzero(found)


Read = Callable[[Sequence["pa.Table"], Sequence[Path], "PanelSchema", "RowLog"], Parts]
Recognize = Callable[["pa.Table", Path, "PanelSchema"], bool]
ROLES = frozenset({"smiles", "id", "assay", "value", "qualifier", "unit"})
"""Roles of columns, all that a schema can name."""
TURNS = "qualifier_of"
"""Setting for the quantity that qualifiers belong to."""


class Layout(NamedTuple):
    """Layout of a table.

    Parameters
    ----------
    recognizes
        Whether a table, its name and what is known of it look like this.
    read
        Map from tables to parts.
    rank
        The layout of highest rank reads a table, among those that recognize it.
    many
        Whether several tables can be one panel.
    heeds
        Roles of columns that such a table may have, and whether their qualifiers may turn.
    """

    recognizes: Recognize
    read: Read
    rank: int = 0
    many: bool = False
    heeds: frozenset[str] = ROLES | {TURNS}
