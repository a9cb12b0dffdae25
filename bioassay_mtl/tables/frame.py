"""Tables in memory as those of files: of pandas, polars and pyarrow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioassay_mtl.chem.listing import listed
from bioassay_mtl.errors import InputError
from bioassay_mtl.tables.cells import NumberFormat, with_numbers
from bioassay_mtl.tables.columns import check_names
from bioassay_mtl.tables.options import TableOptions
from bioassay_mtl.tables.table import with_bare_names
from bioassay_mtl.wording import setting

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

ROW = "row"
"""Column of the labels of rows, where a table of pandas has any of its own."""


def frame_table(given: Any, name: Path, options: TableOptions) -> pa.Table:
    """:func:`table_of`, with numbers as the options say.

    Raises
    ------
    InputError
        As raised there; or an option means something for files alone.
    """
    for option in ("encoding", "delimiter", "sheet"):
        if getattr(options, option) is not None:
            raise InputError(f"{setting(option)} means nothing for a table in memory")
    table = with_bare_names(table_of(given, name), name)
    return with_numbers(table, NumberFormat.of(options, may_be_comma=True))


def table_of(given: Any, name: Path) -> pa.Table:
    """A table in memory, with the types of its columns.

    Parameters
    ----------
    given
        A table of pandas, where a named index is a column, too, and other labels of rows are in a
        column ``row``; or of polars or pyarrow. RDKit molecules in it become SMILES.
    name
        Name in messages.

    Returns
    -------
    pyarrow.Table
        Less nested columns, as of a Parquet file.

    Raises
    ------
    InputError
        It is no table, or two columns have one name.
    """
    import pyarrow as pa

    given = given.to_arrow() if hasattr(given, "to_arrow") else given
    if not isinstance(given, pa.Table):
        if not (hasattr(given, "columns") and hasattr(given, "reset_index")):
            raise InputError(
                "a path, or a table of pandas, polars or pyarrow is expected, found "
                f"{type(given).__name__}"
            )
        return _of_columns(_columns(given), name)
    check_names(given.column_names, name)
    return given.select([f.name for f in given.schema if not pa.types.is_nested(f.type)])


def _columns(frame: pd.DataFrame) -> Iterator[tuple[str, pd.Series[Any]]]:
    """Columns of a table of pandas by their names, the labels of its rows among them."""
    import pandas as pd

    labels = frame.index
    if any(name is not None for name in labels.names):
        frame = frame.reset_index(allow_duplicates=True)
    elif not labels.equals(pd.RangeIndex(len(labels))) and ROW not in frame.columns:
        yield ROW, labels.to_series().astype(str)
    for place, name in enumerate(frame.columns):
        yield str(name), frame.iloc[:, place]


def _of_columns(columns: Iterator[tuple[str, pd.Series[Any]]], name: Path) -> pa.Table:
    import pyarrow as pa

    names, arrays = [], []
    for column, values in columns:
        array = _array(values)
        if not pa.types.is_nested(array.type):
            names.append(column)
            arrays.append(array)
    check_names(names, name)
    return pa.table(arrays, names=names)


def _array(values: pd.Series[Any]) -> pa.Array:
    """The cells with their type; as texts where they are of several, such as 5.2 and > 10."""
    import pandas as pd
    import pyarrow as pa

    try:
        return pa.Array.from_pandas(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        missing = pd.isna(values).to_numpy()
        cells = zip(listed(values.astype(object)), missing, strict=True)
        return pa.array([None if gap else str(cell) for cell, gap in cells], pa.string())
