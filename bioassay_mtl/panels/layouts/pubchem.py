"""Data tables as downloaded from the page of a PubChem assay, one file an assay.

Rows whose tag is a word (``RESULT_TYPE``, ``RESULT_DESCR``, ``RESULT_UNIT``, ...) belong to the
header. ``Active`` and ``Probe`` are active, ``Inactive`` is inactive; ``Inconclusive`` and
``Unspecified`` say neither and are left out. Several files become one panel with a row for each
compound (CID; where a row has none, its SMILES); an assay is named by the AID in the file's name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.errors import InputError
from bioassay_mtl.panels.assembly import Molecules
from bioassay_mtl.panels.duplicates import number
from bioassay_mtl.panels.header import texts
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.panels.reading import Reading, infer_kind, read_labels
from bioassay_mtl.panels.row_log import Outcome, RowLog
from bioassay_mtl.panels.schema import NO_TASK, PanelSchema, stem
from bioassay_mtl.panels.source import Source
from bioassay_mtl.panels.structures import keep_usable, log_changes, standardised
from bioassay_mtl.panels.tall import Part, measurements, panel_of_measurements
from bioassay_mtl.tables.cells import Cells, cells_of
from bioassay_mtl.tasks.kinds import Binary
from bioassay_mtl.tasks.units import known_unit

if TYPE_CHECKING:
    import pyarrow as pa

TAG, SID, CID = "PUBCHEM_RESULT_TAG", "PUBCHEM_SID", "PUBCHEM_CID"
SMILES, OUTCOME = "PUBCHEM_EXT_DATASOURCE_SMILES", "PUBCHEM_ACTIVITY_OUTCOME"

_CALLS = {"active": 1.0, "probe": 1.0, "inactive": 0.0}
_NO_CALLS = ("inconclusive", "unspecified", "")


def is_pubchem(table: pa.Table) -> bool:
    """Whether the columns are those of a PubChem data table."""
    return OUTCOME in table.column_names and bool({CID, SID, SMILES} & set(table.column_names))


def task_of(path: Path) -> str:
    """An assay's name: ``AID1706`` for ``AID_1706_datatable.csv``; the file's name without one."""
    found = re.search(r"AID[ _-]?(\d+)", path.name, re.IGNORECASE) or re.match(r"(\d+)", path.name)
    return f"AID{found[1]}" if found else stem(path)


def read_pubchem(
    tables: Sequence[pa.Table], paths: Sequence[Path], schema: PanelSchema, log: RowLog
) -> Panel:
    """One panel from data tables of different assays.

    Parameters
    ----------
    schema
        ``columns.value`` names a readout to take instead of the outcome, such as ``Potency``.

    Raises
    ------
    InputError
        Where a column is missing, two files are of one assay, or a cell is no label.
    """
    tasks = [task_of(path) for path in paths]
    for task, path in zip(tasks, paths, strict=True):
        if tasks.count(task) > 1:
            raise InputError(f"two files hold {task}", file=path)
    keys: list[str] = []
    structures: list[str] = []
    parts: list[tuple[Reading, NDArray[np.int64]]] = []
    starts = []
    for table, path, task in zip(tables, paths, tasks, strict=True):
        if not is_pubchem(table):
            raise InputError("only PubChem data tables can be merged, and this is none", file=path)
        starts.append(len(keys))
        data, reading = _read_assay(table, path, task, schema, log)
        smiles = _texts(table, SMILES)
        usable = keep_usable([smiles[row] for row in data], data, path, log)
        data = data[usable]
        reading = reading._replace(values=reading.values[usable], bounds=reading.bounds[usable])
        wanted = [smiles[row] for row in data]
        done, changes = standardised(wanted, schema)
        log_changes(wanted, changes, data, path, log)
        cids = _texts(table, CID)
        keys += [
            f"CID{cids[row].removesuffix('.0')}" if cids[row] else text
            for row, text in zip(data, done, strict=True)
        ]
        structures += done
        parts.append((reading, data))
    return _joined(keys, structures, tasks, parts, starts, paths, schema, log)


def _read_assay(
    table: pa.Table, path: Path, task: str, schema: PanelSchema, log: RowLog
) -> tuple[NDArray[np.int64], Reading]:
    """The rows of data that have a structure or a CID, and the label of each."""
    tags = _texts(table, TAG)
    data = np.array([not tag.strip()[:1].isalpha() for tag in tags], np.bool_)
    log.add(Outcome.HEADER, path, np.flatnonzero(~data))
    unknown = np.array(
        [
            not (a.strip() or b.strip())
            for a, b in zip(_texts(table, CID), _texts(table, SMILES), strict=True)
        ],
        np.bool_,
    )
    log.add(Outcome.NO_STRUCTURE, path, np.flatnonzero(data & unknown))
    rows = np.flatnonzero(data & ~unknown)
    if schema.columns.value is None:
        return rows, _outcomes(table, path, rows, log)
    name = schema.columns.value
    if name not in table.column_names:
        raise InputError(f"no column {name!r}", file=path, hint="a readout of this assay")
    source = Source(path, name, cells_of(table, name), log)
    entry = schema.entry(task)
    units = [
        t for t, row in zip(_texts(table, name), tags, strict=True) if row.strip() == "RESULT_UNIT"
    ]
    unit = entry.unit or next((known_unit(text) or text for text in units if text), "")
    held = [source.cells.text(row) for row in rows]
    kind = entry.kind or infer_kind(source, list(dict.fromkeys(t for t in held if t)))
    if kind is None or kind == NO_TASK:
        raise InputError("neither numbers nor a few texts", file=path, column=name)
    to_p = schema.to_p if entry.to_p is None else entry.to_p
    entry = entry.model_copy(update={"kind": kind, "unit": unit, "to_p": to_p})
    log.add(Outcome.NO_VALUE, path, rows[source.cells.missing[rows]], name)
    return rows, read_labels(source, task, entry, rows, kind)


def _outcomes(table: pa.Table, path: Path, rows: NDArray[np.int64], log: RowLog) -> Reading:
    cells = Cells(table.column(OUTCOME))
    folded = [text.casefold() for text in cells.texts]
    wrong = cells.each([t not in _CALLS and t not in _NO_CALLS for t in folded], np.bool_)[rows]
    log.unreadable(
        path,
        rows[wrong],
        OUTCOME,
        [cells.text(row) for row in rows[wrong]],
        "Active, Inactive, Probe, Inconclusive or Unspecified is expected",
    )
    silent = cells.each([t in _NO_CALLS for t in folded], np.bool_)[rows]
    log.add(Outcome.NO_CALL, path, rows[silent], OUTCOME, [cells.text(row) for row in rows[silent]])
    values = cells.each([_CALLS.get(t, np.nan) for t in folded], np.float64)[rows]
    return Reading(Binary(), values, np.zeros(len(rows), np.int8))


def _joined(
    keys: list[str],
    structures: list[str],
    tasks: Sequence[str],
    parts: Sequence[tuple[Reading, NDArray[np.int64]]],
    starts: Sequence[int],
    paths: Sequence[Path],
    schema: PanelSchema,
    log: RowLog,
) -> Panel:
    place = number(keys)
    known: dict[int, str] = {}
    names: dict[int, str] = {}
    for molecule, text, key in zip(place.tolist(), structures, keys, strict=True):
        names.setdefault(molecule, key)
        if text.strip():
            known.setdefault(molecule, text)
    order = range(len(names))
    molecules = Molecules(
        [known.get(i, "") for i in order],
        [names[i] if names[i].startswith("CID") else "" for i in order],
        {},
    )
    found = measurements(
        [
            Part(reading, place[start : start + len(rows)], rows, file)
            for file, (start, (reading, rows)) in enumerate(zip(starts, parts, strict=True))
        ]
    )
    kinds = [reading.kind for reading, _ in parts]
    return panel_of_measurements(found, molecules, tasks, kinds, schema.min_rows, paths, log)


def _texts(table: pa.Table, name: str) -> list[str]:
    return texts(table.column(name)) if name in table.column_names else [""] * table.num_rows
