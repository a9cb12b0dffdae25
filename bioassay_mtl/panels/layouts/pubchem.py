"""Data tables as downloaded from the page of a PubChem assay, one file an assay.

Rows whose tag is a word (``RESULT_TYPE``, ``RESULT_DESCR``, ``RESULT_UNIT``, ...) belong to the
header. ``Active`` and ``Probe`` are active, ``Inactive`` is inactive; ``Inconclusive`` and
``Unspecified`` say neither and are left out. Several files become one panel with a row for each
compound (CID; where a row has none, its SMILES); an assay is named by the AID in the file's name,
and by the target where rows are of several.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.config import did_you_mean
from bioassay_mtl.errors import InputError
from bioassay_mtl.panels.beside import Beside, Companions
from bioassay_mtl.panels.columns import record_rest
from bioassay_mtl.panels.decisions import ColumnDecision, Role
from bioassay_mtl.panels.header import TARGET_NAMES, require, texts
from bioassay_mtl.panels.known_layouts import layouts
from bioassay_mtl.panels.label_cells import label_cells, say_aside
from bioassay_mtl.panels.parts import ROLES, Layout, Part, Parts
from bioassay_mtl.panels.reading import Reading, infer_kind, read_labels
from bioassay_mtl.panels.row_log import Outcome, RowLog
from bioassay_mtl.panels.schema import NO_TASK, PanelSchema, stem
from bioassay_mtl.panels.source import Source
from bioassay_mtl.tables.cells import Cells
from bioassay_mtl.tables.columns import plain
from bioassay_mtl.tables.table import IN_MEMORY
from bioassay_mtl.tasks.kinds import Binary
from bioassay_mtl.tasks.units import known_unit
from bioassay_mtl.wording import setting

if TYPE_CHECKING:
    import pyarrow as pa

TAG, SID, CID = "PUBCHEM_RESULT_TAG", "PUBCHEM_SID", "PUBCHEM_CID"
SMILES, OUTCOME = "PUBCHEM_EXT_DATASOURCE_SMILES", "PUBCHEM_ACTIVITY_OUTCOME"

_CALLS = {"active": 1.0, "probe": 1.0, "inactive": 0.0}
_NO_CALLS = ("inconclusive", "unspecified", "")


def is_pubchem(table: pa.Table, path: Path, schema: PanelSchema) -> bool:
    """Whether the columns are those of a PubChem data table."""
    return OUTCOME in table.column_names and bool({CID, SID, SMILES} & set(table.column_names))


def task_of(path: Path) -> str:
    """An assay's name: ``AID1706`` for ``AID_1706_datatable.csv``; the file's name without one."""
    found = re.search(r"AID[ _-]?(\d+)", path.name, re.IGNORECASE) or re.match(r"(\d+)", path.name)
    return f"AID{found[1]}" if found else stem(path)


def read_pubchem(
    tables: Sequence[pa.Table], paths: Sequence[Path], schema: PanelSchema, log: RowLog
) -> Parts:
    """One row for each compound, and an assay for each file and target.

    Parameters
    ----------
    schema
        ``columns.value`` names a readout to take instead of the outcome, such as ``Potency``.

    Raises
    ------
    InputError
        If a column is missing, two files are of one assay, or cells are no labels.
    """
    if paths[0] == IN_MEMORY:
        raise InputError(
            "a data table of PubChem does not say which assay it is of: its file's name does",
            hint="read the file; or name SMILES, and the outcome as a task, with layout 'wide'",
        )
    tasks = [task_of(path) for path in paths]
    for task, path in zip(tasks, paths, strict=True):
        if tasks.count(task) > 1:
            raise InputError(f"two files hold {task}", file=path)
    _check_roles(schema, paths[0])
    records = _Records()
    for place, (table, path, task) in enumerate(zip(tables, paths, tasks, strict=True)):
        if not is_pubchem(table, path, schema):
            raise InputError("only PubChem data tables can be merged, and this is none", file=path)
        records.add(table, path, place, task, schema, log)
    records.assays = _asked(records.assays, schema, paths[0])
    return records.parts()


def _check_roles(schema: PanelSchema, path: Path) -> None:
    """Raise an InputError where a column is asked for that such a table cannot have."""
    roles = schema.columns
    for role, asked, own in (("smiles", roles.smiles, SMILES), ("id", roles.id, CID)):
        if asked is not None and asked != own:
            raise InputError(
                f"the column {role!r} of a data table of PubChem is {own}, not {asked!r}",
                file=path,
                column=asked,
                hint=f"leave out {setting('columns', asked, key=role)}, or give another layout",
            )
    for role, asked in (("qualifier", roles.qualifier), ("unit", roles.unit)):
        if asked is not None and roles.value is None:
            raise InputError(
                f"{asked!r} can be no column of {role}s: the outcome has none",
                file=path,
                column=asked,
                hint=f"{setting('columns', 'NAME', key='value')} takes a readout",
            )
    if roles.assay is not None:
        raise InputError(
            f"{roles.assay!r} can be no column of assays: a data table of PubChem is of one",
            file=path,
            column=roles.assay,
            hint=f"leave out {setting('columns', roles.assay, key='assay')}",
        )


def _asked(found: list[Part], schema: PanelSchema, path: Path) -> list[Part]:
    """The assays that are asked for.

    Raises
    ------
    InputError
        If one of them is not there.
    """
    names = [part.task for part in found]
    for name in (*(schema.tasks or ()), *schema.also):
        if name not in names:
            raise InputError(
                f"no assay {name!r} ({did_you_mean(name, names)})",
                file=path,
                hint=f"a readout is taken with {setting('columns', name, key='value')}",
            )
    wanted = names if schema.tasks is None else [*schema.tasks]
    return [
        part for part in found if part.task in wanted and schema.entry(part.task).kind != NO_TASK
    ]


@dataclass
class _Records:
    """Rows of data of several tables, and the labels of each assay."""

    structures: list[str] = field(default_factory=list)
    cids: list[str] = field(default_factory=list)
    rows: list[NDArray[np.int64]] = field(default_factory=list)
    files: list[NDArray[np.int64]] = field(default_factory=list)
    assays: list[Part] = field(default_factory=list)

    def add(
        self, table: pa.Table, path: Path, place: int, task: str, schema: PanelSchema, log: RowLog
    ) -> None:
        """The rows of one table, and its assays."""
        rows = _data(table, path, log)
        start = len(self.structures)
        smiles, cids = _texts(table, SMILES), _texts(table, CID)
        self.structures += [smiles[row] for row in rows]
        self.cids += [f"CID{cids[row].removesuffix('.0')}" if cids[row] else "" for row in rows]
        self.rows.append(rows)
        self.files.append(np.full(len(rows), place))
        targets = _targets(table, rows, schema, log)
        for name, own in targets.items():
            reading = _read_assay(table, path, f"{task}{name}", rows[own], schema, log)
            self.assays.append(Part(f"{task}{name}", reading, start + own))
        record_rest(table, log)

    def parts(self) -> Parts:
        """Parts that were found."""
        return Parts(
            self.structures,
            self.assays,
            ids=self.cids,
            rows=np.concatenate(self.rows),
            files=np.concatenate(self.files),
            by="key",
            keys=self.cids,
        )


def _data(table: pa.Table, path: Path, log: RowLog) -> NDArray[np.int64]:
    """The rows of data that have a structure or a CID."""
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
    return np.flatnonzero(data & ~unknown)


def _targets(
    table: pa.Table, rows: NDArray[np.int64], schema: PanelSchema, log: RowLog
) -> dict[str, NDArray[np.int64]]:
    """The places among some rows of each target that a table tells apart; one of all if none."""
    everything = {"": np.arange(len(rows))}
    for name in table.column_names:
        if plain(name) not in TARGET_NAMES or name == schema.columns.value:
            continue
        cells = Cells(table.column(name).take(rows))
        if 1 < len(cells.occurring) <= max(len(rows) // 2, 2):
            log.columns.append(ColumnDecision(name, Role.NAMES, "", "names the targets"))
            order = dict.fromkeys(cells.codes.tolist())
            found = {f" {cells.texts[c]}".rstrip(): np.flatnonzero(cells.codes == c) for c in order}
            return {target: places for target, places in found.items() if len(places)}
    return everything


def _read_assay(
    table: pa.Table,
    path: Path,
    task: str,
    rows: NDArray[np.int64],
    schema: PanelSchema,
    log: RowLog,
) -> Reading:
    """The labels of some rows: outcomes, or a readout."""
    if schema.columns.value is None:
        kind = schema.entry(task).kind
        if kind not in (None, "binary", NO_TASK):
            raise InputError(
                f"the outcome of {task!r} is binary, not {kind}",
                file=path,
                column=OUTCOME,
                hint=f"{setting('columns', 'NAME', key='value')} takes a readout",
            )
        _decide(log, OUTCOME, "binary", "the outcome of the assay")
        return _outcomes(table, path, rows, log)
    name = schema.columns.value
    if name not in table.column_names:
        raise InputError(f"no column {name!r}", file=path, hint="a readout of this assay")
    beside = Companions(table, path, PanelSchema()).by_name.get(name, Beside())
    qualifier = schema.columns.qualifier or beside.qualifier
    unit_column = schema.columns.unit or beside.unit
    for other in (qualifier, unit_column):
        if other is not None:
            require(table, other, path)
    source = Source(
        path,
        name,
        label_cells(table, name, schema),
        log,
        None if qualifier is None else Cells(table.column(qualifier)),
        None if unit_column is None else Cells(table.column(unit_column)),
    )
    say_aside(source, log)
    entry = schema.entry(task)
    tags = _texts(table, TAG)
    units = [
        t for t, row in zip(_texts(table, name), tags, strict=True) if row.strip() == "RESULT_UNIT"
    ]
    unit = entry.unit or next((known_unit(text) or text for text in units if text), "")
    kind = entry.kind or infer_kind(source, rows)
    if kind == NO_TASK:
        kind = infer_kind(source, rows)
    if kind is None:
        raise InputError("neither numbers nor a few texts", file=path, column=name)
    _decide(log, name, kind, "as asked")
    to_p = schema.to_p if entry.to_p is None else entry.to_p
    entry = entry.model_copy(update={"kind": kind, "unit": unit, "to_p": to_p})
    log.add(Outcome.NO_VALUE, path, rows[source.cells.missing[rows]], name)
    return read_labels(source, task, entry, rows, kind)


def _decide(log: RowLog, name: str, kind: str, reason: str) -> None:
    decision = ColumnDecision(name, Role.VALUE, kind, reason)
    if decision not in log.columns:
        log.columns.append(decision)


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
        measured=len(rows),
    )
    silent = cells.each([t in _NO_CALLS for t in folded], np.bool_)[rows]
    log.add(Outcome.NO_CALL, path, rows[silent], OUTCOME, [cells.text(row) for row in rows[silent]])
    values = cells.each([_CALLS.get(t, np.nan) for t in folded], np.float64)[rows]
    return Reading(Binary(), values, np.zeros(len(rows), np.int8))


def _texts(table: pa.Table, name: str) -> list[str]:
    return texts(table.column(name)) if name in table.column_names else [""] * table.num_rows


layouts.register("pubchem")(Layout(is_pubchem, read_pubchem, rank=4, many=True, heeds=ROLES))
