"""SD files: Mol blocks (V2000 or V3000) with properties, closed by ``$$$$``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from bioassay_mtl.chem.status import Status
from bioassay_mtl.tables import stream as limits
from bioassay_mtl.tables.columns import ID_NAMES, plain
from bioassay_mtl.tables.records import (
    ReadOptions,
    Record,
    RecordBatch,
    batched,
    no_columns,
    readers,
)
from bioassay_mtl.tables.stream import Piece, Source


@readers.register("sdf")
@readers.register("sd")
@readers.register("mol")
def read_sdf(source: Source, options: ReadOptions) -> Iterator[RecordBatch]:
    """Records up to ``$$$$``; a last one without it counts.

    The id is the property asked for (empty where a record has none), else the title line, else a
    property with an id's name.
    """
    no_columns(source, options)
    return batched(_records(source, options.id_column), "molblock", options, source)


def _records(source: Source, id_property: str | None) -> Iterator[Record]:
    lines: list[str] = []
    size, is_long = 0, False
    for line in source.lines():
        if isinstance(line, Piece):
            is_long = True
        elif line.startswith("$$$$"):
            yield _too_long(lines, id_property) if is_long else _record(lines, id_property)
            lines, size, is_long = [], 0, False
        elif not is_long:
            lines.append(line)
            size += len(line)
            is_long = size > limits.MAX_RECORD
        if is_long:
            del lines[1:]
    if is_long:
        yield _too_long(lines, id_property)
    elif any(not line.isspace() for line in lines):
        yield _record(lines, id_property)


def _too_long(lines: Sequence[str], id_property: str | None) -> Record:
    title = lines[0].strip() if lines and id_property is None else ""
    return title, "", Status.TOO_LONG, ()


def _record(lines: Sequence[str], id_property: str | None) -> Record:
    end = next((i for i, line in enumerate(lines, 1) if line.startswith("M  END")), len(lines))
    block = "".join(lines[:end]).replace("\r\n", "\n").replace("\r", "\n")
    title = lines[0].strip() if lines else ""
    if id_property is not None:
        return _properties(lines[end:]).get(id_property, ""), block, None, ()
    if title:
        return title, block, None, ()
    properties = {plain(name): value for name, value in _properties(lines[end:]).items()}
    name = next((properties[name] for name in ID_NAMES if name in properties), "")
    return name, block, None, ()


def _properties(lines: Sequence[str]) -> dict[str, str]:
    """Properties by name; of a value over several lines, the first."""
    return {
        line[line.find("<") + 1 : line.rfind(">")]: value.strip()
        for line, value in pairwise(lines)
        if line.startswith(">") and "<" in line
    }
