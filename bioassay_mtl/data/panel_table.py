"""A panel from a wide table: one row a molecule, one column an assay.

A column is judged by its distinct values, so that a table of thousands of assays costs one pass.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.config import did_you_mean
from bioassay_mtl.data.panel import NOT_MEASURED, Panel
from bioassay_mtl.data.readers.columns import ID_NAMES, SMILES_NAMES, plain
from bioassay_mtl.data.table import line_of, read_table
from bioassay_mtl.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

logger = logging.getLogger(__name__)

# These may hold nothing but 0 and 1 and yet are no assays, unless asked for by name.
BOOKKEEPING = frozenset({*ID_NAMES, "row", "index", "part", "split", "fold", "set", "group"})

_MEANING = {"1": 1, "1.0": 1, "true": 1, "0": 0, "0.0": 0, "false": 0} | dict.fromkeys(
    ("", "na", "nan"), NOT_MEASURED
)
_NO_LABEL = -2


def read_panel(
    path: str | Path,
    smiles_column: str | None = None,
    id_column: str | None = None,
    tasks: Sequence[str] | None = None,
) -> Panel:
    """Read a CSV, TSV (also ``.gz``) or Parquet table.

    Parameters
    ----------
    path
        The table; comma-separated unless its name ends in ``.tsv`` or ``.tab`` (and ``.gz``).
    smiles_column
        Column of SMILES; by default found by its name, as for molecule files.
    id_column
        Column of names; by default found likewise, else ``row``, else rows are numbered from 0.
    tasks
        Columns that are assays. By default every other column that has values and whose values are
        all 0 or 1 (also 0.0, 1.0, true, false; empty, NA and NaN mean not measured), except
        `BOOKKEEPING`. All columns that are no assays are kept in :attr:`Panel.columns`.

    Raises
    ------
    InputError
        Where the file cannot be read, a column is missing, there is no assay, or a cell of a column
        in `tasks` is no label; with file, line and column.
    """
    path = Path(path)
    table = read_table(path)
    smiles = _find(table, smiles_column, SMILES_NAMES, path)
    if smiles is None:
        raise InputError(
            f"no SMILES column among {_some(table.column_names)}",
            file=path,
            hint="call it 'smiles', or name it with --smiles-column",
        )
    identity = _find(table, id_column, (*ID_NAMES, "row"), path)
    found = (
        _assays(table, {smiles, identity}, path)
        if tasks is None
        else {task: _assay(table, task, path) for task in tasks}
    )
    return Panel(
        structures=_texts(table.column(smiles)),
        features=None,
        labels=np.stack(list(found.values()), axis=1),
        tasks=tuple(found),
        ids=(
            [str(row) for row in range(table.num_rows)]
            if identity is None
            else _texts(table.column(identity))
        ),
        columns={
            name: _texts(table.column(name))
            for name in table.column_names
            if name not in found and name != smiles
        },
    )


def _find(table: pa.Table, wanted: str | None, usual: Sequence[str], path: Path) -> str | None:
    names: list[str] = table.column_names
    if wanted is not None:
        if wanted not in names:
            raise InputError(f"no column {wanted!r} ({did_you_mean(wanted, names)})", file=path)
        return wanted
    by_plain = {plain(name): name for name in reversed(names)}
    return next((by_plain[name] for name in usual if name in by_plain), None)


def _assays(table: pa.Table, taken: set[str | None], path: Path) -> dict[str, NDArray[np.int8]]:
    """Every column that has values and whose values are all labels."""
    found, left_out = {}, []
    for name in table.column_names:
        if name in taken or plain(name) in BOOKKEEPING:
            continue
        column = _decode(table.column(name))
        if column.fault is None and (column.labels != NOT_MEASURED).any():
            found[name] = column.labels
        else:
            left_out.append(name)
    if left_out:
        logger.info("%s: no assays, by their values: %s", path.name, _some(left_out))
    if not found:
        raise InputError("no assay: no column holds 0, 1 and empty cells only", file=path)
    return found


def _assay(table: pa.Table, name: str, path: Path) -> NDArray[np.int8]:
    """A column that was asked for."""
    if name not in table.column_names:
        near = did_you_mean(name, table.column_names)
        raise InputError(f"no column {name!r} ({near})", file=path)
    column = _decode(table.column(name))
    if column.fault is not None:
        row, value = column.fault
        line = line_of(path, row)
        raise InputError(
            f"a label is 0, 1 or empty, found {value!r}", file=path, line=line, column=name
        )
    return column.labels


class _Decoded(NamedTuple):
    labels: NDArray[np.int8]
    fault: tuple[int, Any] | None


def _decode(column: pa.ChunkedArray) -> _Decoded:
    """Labels of a column, and the first row whose value is no label."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    encoded = column.combine_chunks().dictionary_encode()
    values = encoded.dictionary.to_pylist()
    meaning = [_MEANING.get(str(value).strip().lower(), _NO_LABEL) for value in values]
    codes = encoded.indices.fill_null(len(values)).to_numpy()
    labels = np.array([*meaning, NOT_MEASURED], dtype=np.int8)[codes]
    if _NO_LABEL not in meaning:
        return _Decoded(labels, None)
    row = int(np.argmax(labels == _NO_LABEL))
    return _Decoded(labels, (row, values[codes[row]]))


def _texts(column: pa.ChunkedArray) -> list[str]:
    import pyarrow as pa

    texts: list[str] = column.cast(pa.string()).fill_null("").to_pylist()
    return texts


def _some(names: Sequence[str], shown: int = 8) -> str:
    more = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {more} more" if more > 0 else "")
