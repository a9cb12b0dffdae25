"""A whole table from a file, with faults named by file and line."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from bioassay_mtl.errors import InputError
from bioassay_mtl.tables.detection import delimiter_of, suffix_of
from bioassay_mtl.tables.formats.delimited import MAX_FIELD, long_fields
from bioassay_mtl.tables.stream import FOREIGN

if TYPE_CHECKING:
    import pyarrow as pa

IN_MEMORY = Path("the table")
"""What stands for the file of a table that was never in one (:mod:`bioassay_mtl.tables.frame`)."""

# A row of 10,000 assays is some 20 kB; each block becomes one chunk of every column.
_BLOCK_BYTES = 16 << 20


def read_table(path: Path) -> pa.Table:
    """Read CSV, TSV (``.tsv``, ``.tab``), both also ``.gz``, or Parquet.

    Returns
    -------
    pyarrow.Table
        Text files give text columns, an empty cell being an empty text; Parquet keeps its types,
        less nested columns.

    Raises
    ------
    InputError
        Where the file is missing, not such a table, or ragged.
    """
    if not path.is_file():
        raise InputError("there is no such file", file=path)
    if suffix_of(path) in ("sdf", "sd", "mol"):
        raise InputError("Mol blocks, not a table", file=path, hint="save it as CSV, with SMILES")
    if path.suffix.lower() != ".parquet":
        _check_text(path)
    return _read_parquet(path) if path.suffix.lower() == ".parquet" else _read_text(path)


def place_of(path: Path, row: int) -> dict[str, Any]:
    """Where an :class:`InputError` is: file and line of a row, or its number in a table."""
    if path == IN_MEMORY:
        return {"file": f"{path}, row {row} (counted from 0)"}
    return {"file": path, "line": line_of(path, row)}


def line_of(path: Path, row: int) -> int:
    """The line in which a row of data ends (both headers and lines count, from 1)."""
    if path.suffix.lower() == ".parquet":
        return row + 1
    for number, (line, _) in enumerate(_records(path)):
        if number == row + 1:
            return line
    raise IndexError(row)


def lines_of(path: Path) -> list[int]:
    """`line_of` of all rows."""
    if path.suffix.lower() == ".parquet":
        import pyarrow.parquet as pq

        with _for_arrow(path) as source:
            return list(range(1, pq.read_metadata(source).num_rows + 1))
    return [line for line, _ in _records(path)][1:]


def _read_parquet(path: Path) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with _for_arrow(path) as source:
            check_names(pq.read_schema(source).names, path)
            table = pq.read_table(source)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"not a Parquet table: {error}", file=path) from None
    return table.select([f.name for f in table.schema if not pa.types.is_nested(f.type)])


def _check_text(path: Path) -> None:
    with path.open("rb") as stream:
        head = stream.read(8)
    for magic, (what, hint) in FOREIGN.items():
        if head.startswith(magic):
            raise InputError(f"not a table of text, but {what}", file=path, hint=hint)


def _read_text(path: Path) -> pa.Table:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    names = _header(path)

    def read(source: Any, block_bytes: int) -> pa.Table:
        return arrow_csv.read_csv(
            source,
            read_options=arrow_csv.ReadOptions(block_size=block_bytes),
            parse_options=arrow_csv.ParseOptions(
                delimiter=_delimiter(path), newlines_in_values=True
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types={name: pa.string() for name in names}
            ),
        )

    try:
        try:
            with _for_arrow(path) as source:
                table = read(source, _BLOCK_BYTES)
        except pa.ArrowInvalid as error:
            if "straddling" not in str(error):  # a row longer than two blocks
                raise
            with _for_arrow(path) as source:
                table = read(source, 2 * MAX_FIELD)
    except (pa.ArrowException, OSError) as error:
        for line, fields in _records(path):
            if len(fields) != len(names):
                raise InputError(
                    f"{len(names)} columns expected, {len(fields)} found", file=path, line=line
                ) from None
        raise InputError(f"not a table of text: {error}", file=path) from None
    return _without_blank(table, path)


@contextmanager
def _for_arrow(path: Path) -> Iterator[Any]:
    """What Arrow opens: a path, or a stream where the name is no UTF-8, which it does not take."""
    import pyarrow as pa

    try:
        str(path).encode()
    except UnicodeEncodeError:
        with path.open("rb") as file:
            is_packed = path.suffix.lower() == ".gz"
            yield pa.CompressedInputStream(file, "gzip") if is_packed else file
    else:
        yield path


def _without_blank(table: pa.Table, path: Path) -> pa.Table:
    """Leave out columns of spreadsheets that have neither a name nor a cell."""
    import pyarrow.compute as pc

    held = [
        place
        for place, name in enumerate(table.column_names)
        if name or pc.any(pc.not_equal(table.column(place), "")).as_py()
    ]
    if [table.column_names[place] for place in held].count("") > 1:
        raise InputError(
            "several columns have no name",
            file=path,
            line=1,
            hint="the first line of a table names its columns",
        )
    return table.select(held)


def _header(path: Path) -> list[str]:
    _, names = next(_records(path), (0, []))
    if not names:
        raise InputError("the file is empty", file=path)
    check_names([name for name in names if name], path, line=1)
    return names


def check_names(names: Sequence[str], path: Path, line: int | None = None) -> None:
    """Raise an InputError where two columns have one name."""
    for name, times in Counter(names).items():
        if times > 1:
            raise InputError(f"column {name!r} occurs twice", file=path, line=line)


def _records(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Non-empty records with the line in which each ends."""
    try:
        with long_fields(), _open(path) as stream:
            reader = csv.reader(stream, delimiter=_delimiter(path))
            for fields in reader:
                if fields:
                    yield reader.line_num, fields
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise InputError(
            f"not a table of text in UTF-8: it holds byte 0x{byte:02x}",
            file=path,
            hint="save it as UTF-8",
        ) from None
    except (csv.Error, EOFError, OSError, zlib.error) as error:
        raise InputError(f"not a table of text: {error}", file=path) from None


def _open(path: Path) -> TextIO:
    if path.suffix.lower() == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _delimiter(path: Path) -> str:
    """By the file's name, and of other files by the header."""
    if {".tsv", ".tab"} & {suffix.lower() for suffix in path.suffixes}:
        return "\t"
    with _open(path) as stream:
        return delimiter_of(stream.readline())
