"""Columns of a table of measurements that tell its assays apart.

Two targets, cell lines, species or types of measurement are two assays, whatever their column is
called among the usual names; a column that nobody knows is asked about before values that differ in
it become one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.errors import InputError
from bioassay_mtl.panels.header import ASSAY_NAMES, TARGET_NAMES, TYPE_NAMES, find, require
from bioassay_mtl.panels.names import Says, is_type, what_name_says, words_in, words_of
from bioassay_mtl.tables.cells import Cells, cells_of
from bioassay_mtl.tables.columns import plain
from bioassay_mtl.wording import setting

if TYPE_CHECKING:
    import pyarrow as pa

_MOST = 0.5  # of the rows: texts of more different values name molecules
_THINGS = words_in(
    """
    assay endpoint target protein gene uniprot accession receptor rezeptor kinase enzyme enzym
    isoform isozyme isoenzyme transporter channel mutant mutation variant allele genotype cell cells
    cellline zelllinie zelle zellen tissue gewebe species spezies organism organismus strain stamm
    ziel zielprotein cible diana bersaglio espece especie
    """
)
_MORE = words_in(
    """
    name names id ids symbol pref preferred chembl uniprot line linie type typ code accession human
    of label und and
    """
)


def tells_apart(name: str) -> bool:
    """Whether a name says that its column holds targets, assays, cells or species.

    Examples
    --------
    >>> tells_apart("Cell line"), tells_apart("Uniprot ID"), tells_apart("cell viability")
    (True, True, False)
    """
    words = {*words_of(name)}
    return bool(words & _THINGS) and words <= _THINGS | _MORE


def asked_columns(table: pa.Table, asked: str, path: Path) -> list[str]:
    """The columns of the setting ``columns.assay``: one, or several as ``Gene + Type``."""
    if asked in table.column_names:
        return [asked]
    names = [part.strip() for part in asked.split("+")]
    for name in names if len(names) > 1 else [asked]:
        require(table, name, path)
    return names


def assay_columns(table: pa.Table, path: Path, value: str | None) -> list[str]:
    """Columns that name assays, the type of measurement last; each tells more than those before."""
    first = find(table, None, ASSAY_NAMES, path)
    usual = [first, *(find(table, None, (name,), path) for name in TARGET_NAMES)]
    names = [name for name in usual if name is not None and name != value]
    names += [name for name in table.column_names if name != value and tells_apart(name)]
    found = [] if first is None or first == value else [first]
    for name in dict.fromkeys(names):
        if name not in found and is_few(table, name) and tells_more(table, found, name):
            found.append(name)
    kind = type_column(table, path, (*found, value))
    return [*found, kind] if kind is not None and tells_more(table, found, kind) else found


def type_column(table: pa.Table, path: Path, taken: Iterable[str | None] = ()) -> str | None:
    """The column of types of measurement: half of its texts are such, or more."""
    name = find(table, None, TYPE_NAMES, path)
    if name is None or name in taken:
        return None
    held = Cells(table.column(name)).occurring
    measured = sum(is_type(words_of(text)) for text in held)
    return name if held and 2 * measured >= len(held) else None


def is_few(table: pa.Table, name: str) -> bool:
    """Whether a column holds different texts, and not one of its own for nearly every row."""
    cells = cells_of(table, name)
    values = cells.values[~np.isnan(cells.values)]
    broken = bool((values != np.rint(values)).any())
    return not broken and 1 < len(cells.occurring) <= max(_MOST * len(cells), 2)


def tells_more(table: pa.Table, found: Sequence[str], name: str) -> bool:
    """Whether rows that other columns do not tell apart differ in this one."""
    cells = Cells(table.column(name))
    held = ~cells.missing
    known = codes_of([Cells(table.column(other)) for other in found], len(cells))[held]
    pairs = np.unique(np.stack([known, cells.codes[held]]), axis=1)
    return int(pairs.shape[1]) > max(len(np.unique(known)), 1)


def codes_of(columns: Sequence[Cells], n: int) -> NDArray[np.int64]:
    """``(n,) int64``: equal where rows hold the same in all of the columns."""
    codes = np.zeros(n, np.int64)
    for cells in columns:
        codes = codes * len(cells.texts) + cells.codes
        codes = np.unique(codes, return_inverse=True)[1].astype(np.int64)
    return codes


def ask_before_merging(
    table: pa.Table,
    path: Path,
    by: Sequence[str],
    measured: NDArray[np.bool_],
    structures: Sequence[str],
    used: Iterable[str],
) -> None:
    """Raise an InputError where measurements to be merged differ in a column nobody knows.

    Parameters
    ----------
    by
        The columns that name the assays.
    measured
        ``(n,)``: rows that hold a value.
    structures
        Their molecules.
    used
        Columns that have a role.
    """
    rows = np.flatnonzero(measured)
    molecules = np.unique(np.array(structures, dtype=str), return_inverse=True)[1]
    assays = codes_of([Cells(table.column(name)) for name in by], len(table))
    cells = molecules[rows] * (int(assays.max(initial=0)) + 1) + assays[rows]
    _, cell, counts = np.unique(cells, return_inverse=True, return_counts=True)
    repeated = int((counts > 1).sum())
    for name in table.column_names if repeated else ():
        if name in used or what_name_says(name) is not Says.NOTHING or not is_few(table, name):
            continue
        held = Cells(table.column(name))
        if not np.isnan(held.values).all():
            continue
        there = ~held.missing[rows]
        pairs = np.unique(np.stack([cell[there], held.codes[rows][there]]), axis=1)
        differ = int((np.unique(pairs[0], return_counts=True)[1] > 1).sum())
        if 2 * differ >= repeated:
            raise InputError(
                f"does {name!r} tell assays apart? Measurements of one molecule differ in it, "
                "and would become one",
                file=path,
                column=name,
                hint=f"{setting('columns', ' + '.join([*by, name]), key='assay')} if it does; "
                f"{setting('columns', ' + '.join(by), key='assay')} makes one of them",
            )


def plain_names(table: pa.Table) -> set[str]:
    """Names of columns without case and signs."""
    return {plain(name) for name in table.column_names}
