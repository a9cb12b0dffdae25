"""The rows of a screen's output, whatever its format and layout, a few columns at a time."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bioassay_mtl.errors import InputError

Row = dict[str, Any]
Choose = Callable[[Sequence[str]], list[str]]
"""Map from the columns that there are to those that are read."""

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_WHOLE = (".xlsx", ".sdf")


def screened_rows(path: Path, choose: Choose) -> Iterator[Row]:
    """Rows of an output of ``screen``, in constant memory but for workbooks and SD files.

    Parameters
    ----------
    path
        CSV, TSV, JSON lines (each also compressed), Parquet, XLSX or SDF.
    choose
        Callback, asked once for the columns to read.

    Raises
    ------
    InputError
        It cannot be read, or is of no such format.
    """
    if path.is_dir():
        hint = "`merge` makes a file of a folder of parts"
        raise InputError("this is a folder, not a file", file=path, hint=hint)
    if not path.is_file():
        raise InputError("there is no such file", file=path)
    suffix = _suffix(path)
    readers: dict[str, Callable[[Path, Choose], Iterator[Row]]] = {
        **dict.fromkeys(_DELIMITERS, _delimited),
        **dict.fromkeys(_WHOLE, _whole),
        ".jsonl": _lines,
        ".parquet": _parquet,
    }
    if suffix not in readers:
        raise InputError(
            f"an output of screen is expected ({', '.join(sorted(readers))})", file=path
        )
    try:
        yield from readers[suffix](path, choose)
    except (OSError, ValueError) as error:  # pyarrow's are of both
        raise InputError(f"cannot be read: {error}", file=path) from error


def _suffix(path: Path) -> str:
    """The suffix before that of a compressed file."""
    stem = path.name.lower().removesuffix(".gz").removesuffix(".bz2").removesuffix(".zst")
    return Path(stem).suffix


def _delimited(path: Path, choose: Choose) -> Iterator[Row]:
    import pyarrow as pa
    from pyarrow import csv as arrow

    delimiter = _DELIMITERS[_suffix(path)]
    with pa.input_stream(str(path)) as stream:
        head = stream.read(1 << 20).decode("utf-8", "replace")
    header = next(csv.reader(head.splitlines(keepends=True), delimiter=delimiter), [])
    chosen = choose(header)
    reader = arrow.open_csv(
        path,
        arrow.ReadOptions(block_size=1 << 22),
        arrow.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        arrow.ConvertOptions(
            include_columns=chosen, column_types=dict.fromkeys(header, pa.string())
        ),
    )
    for batch in reader:
        yield from batch.to_pylist()


def _parquet(path: Path, choose: Choose) -> Iterator[Row]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        columns = choose(file.schema_arrow.names)
        for batch in file.iter_batches(batch_size=8192, columns=columns):
            yield from batch.to_pylist()


def _lines(path: Path, choose: Choose) -> Iterator[Row]:
    import pyarrow as pa

    columns: list[str] | None = None
    with pa.input_stream(str(path)) as stream:
        for line in _text_lines(stream):
            row = json.loads(line)
            if not isinstance(row, dict):
                raise ValueError("a line is no JSON object")
            columns = choose(list(row)) if columns is None else columns
            yield {name: row.get(name) for name in columns}
    if columns is None:
        choose([])


def _text_lines(stream: Any) -> Iterator[bytes]:
    rest = b""
    while block := stream.read(1 << 20):
        *lines, rest = (rest + block).split(b"\n")
        yield from filter(None, lines)
    if rest.strip():
        yield rest


def _whole(path: Path, choose: Choose) -> Iterator[Row]:
    from bioassay_mtl.tables.table import read_table

    table = read_table(path)
    columns = choose(table.column_names)
    rows: Iterable[Row] = table.select(columns).to_pylist()
    yield from rows
