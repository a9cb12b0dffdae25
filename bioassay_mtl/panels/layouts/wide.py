"""Wide tables: one row a molecule, one column an assay."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.panels.beside import Companions
from bioassay_mtl.panels.choice import choose_assays
from bioassay_mtl.panels.columns import molecule_columns, record_rest
from bioassay_mtl.panels.header import some, texts
from bioassay_mtl.panels.known_layouts import layouts
from bioassay_mtl.panels.names import is_concentration
from bioassay_mtl.panels.parts import ROLES, Layout, Part, Parts
from bioassay_mtl.panels.reading import Reading, read_labels
from bioassay_mtl.panels.row_log import RowLog, Topic
from bioassay_mtl.panels.schema import PanelSchema
from bioassay_mtl.panels.source import Source
from bioassay_mtl.tasks.units import P_SCALE, p_name, says_logarithm
from bioassay_mtl.wording import setting

if TYPE_CHECKING:
    import pyarrow as pa


def read_wide(
    tables: Sequence[pa.Table], paths: Sequence[Path], schema: PanelSchema, log: RowLog
) -> Parts:
    """Every row is a molecule, and stays one unless the schema merges.

    Raises
    ------
    InputError
        If a column is missing, there is no assay, or cells are no labels.
    """
    table, path = tables[0], paths[0]
    smiles, identity = molecule_columns(table, path, schema, log, also=("row",))
    companions = Companions(table, path, schema, (smiles, identity))
    chosen = choose_assays(table, path, schema, companions, (smiles, identity), log)
    companions.check_used({name: kind for name, (_, kind) in chosen.items()})
    record_rest(table, log, companions)
    of = {name: beside for name, beside in companions.columns.items() if beside[1] in chosen}
    used = {smiles, *chosen, *of}
    names = [name for name in table.column_names if name not in used]
    return Parts(
        texts(table.column(smiles)),
        _assays(chosen, schema, {*table.column_names}, log),
        {name: texts(table.column(name)) for name in names},
        [str(row) for row in range(table.num_rows)]
        if identity is None
        else texts(table.column(identity)),
        identity,
        by="row",
    )


def _assays(
    chosen: dict[str, tuple[Source, str]], schema: PanelSchema, columns: set[str], log: RowLog
) -> list[Part]:
    """Labels of each assay; those converted to pActivity are called so."""
    found: dict[str, Part] = {}
    for name, (source, kind) in chosen.items():
        rows = np.arange(len(source.cells))
        reading = labels_of(source, name, kind, schema, rows)
        task = p_name(name) if reading.converted else name
        task = name if task in columns or task in found else task
        found[task] = Part(task, reading, rows)
    say_unconverted([found[task] for task in found], schema, log)
    return list(found.values())


def say_unconverted(parts: Sequence[Part], schema: PanelSchema, log: RowLog) -> None:
    """Name the assays of concentrations that stay what they are where a pActivity is wanted."""
    left = [
        part.task
        for part in parts
        if schema.to_p
        and schema.entry(part.task).to_p is None
        and not part.reading.converted
        and part.reading.kind.kind in ("regression", "censored")
        and getattr(part.reading.kind, "unit", "") != P_SCALE
        and is_concentration(part.task)
        and not says_logarithm(part.task)
    ]
    if left:
        log.note(
            Topic.UNITS,
            f"not converted to pActivity, as no molar unit is known: {some(left)}; "
            f"{setting('tasks', 'regression:nM', key=left[0])} says which it is",
        )


def labels_of(
    source: Source, name: str, kind: str, schema: PanelSchema, rows: NDArray[np.int64]
) -> Reading:
    """Labels of an assay as the schema wants them."""
    entry = schema.entry(name)
    to_p = schema.to_p if entry.to_p is None else entry.to_p
    return read_labels(
        source, name, entry.model_copy(update={"kind": kind, "to_p": to_p}), rows, kind
    )


_HEEDS = ROLES - {"assay", "value"}
layouts.register("wide")(Layout(lambda table, path, schema: True, read_wide, heeds=_HEEDS))
