"""A layout: a column for each molecule, under its SMILES, and a row for each assay."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bioassay_mtl.panels.known_layouts import layouts
from bioassay_mtl.panels.parts import Layout, Part, Parts
from bioassay_mtl.panels.reading import Reading
from bioassay_mtl.panels.row_log import RowLog
from bioassay_mtl.panels.schema import PanelSchema
from bioassay_mtl.tasks import Binary

if TYPE_CHECKING:
    import pyarrow as pa


def is_turned(table: pa.Table, path: Path, schema: PanelSchema) -> bool:
    return bool(table.column_names[0] == "assay \\ molecule")


def read_turned(
    tables: Sequence[pa.Table], paths: Sequence[Path], schema: PanelSchema, log: RowLog
) -> Parts:
    names, *columns = tables[0].to_pydict().values()
    cells = np.array([[np.nan if c == "" else float(c) for c in column] for column in columns])
    parts = []
    for task, values in zip(names, cells.T, strict=True):
        (rows,) = np.nonzero(~np.isnan(values))
        reading = Reading(Binary(), values[rows], np.zeros(len(rows), np.int8))
        parts.append(Part(task, reading, rows))
    return Parts(tables[0].column_names[1:], parts)


layouts.register("toy_turned")(Layout(is_turned, read_turned, rank=9))
