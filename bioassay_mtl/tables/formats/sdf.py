"""SD files: Mol blocks (V2000 or V3000) with properties, closed by ``$$$$``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, pairwise
from typing import TYPE_CHECKING

from bioassay_mtl.chem.isolation import each
from bioassay_mtl.chem.molecule import canonical_smiles
from bioassay_mtl.chem.status import Status
from bioassay_mtl.tables import stream as limits
from bioassay_mtl.tables.columns import ID_NAMES, plain
from bioassay_mtl.tables.odd_bytes import readable
from bioassay_mtl.tables.records import (
    ReadOptions,
    Record,
    RecordBatch,
    TableFormat,
    batched,
    table_formats,
)
from bioassay_mtl.tables.stream import Piece, Source

if TYPE_CHECKING:
    import pyarrow as pa

Named = tuple[str, str, Status | None]
"""Id, Mol block, and why it is known to be unusable."""

SOUGHT = 1_000
"""Records of which one must have a property that is asked for."""

SMILES, TITLE = "smiles", "name"
"""Columns of a table beside those of properties."""


def read_sdf(source: Source, options: ReadOptions) -> Iterator[RecordBatch]:
    """Records up to ``$$$$``; a last one without it counts.

    The id is the property asked for (empty where a record has none), else the title line, else a
    property with an id's name. Columns that are asked for are properties, empty in a record that
    has none of the name; one of the first :data:`SOUGHT` must have each.
    """
    return batched(_records(source, options), "molblock", options, source)


def _records(source: Source, options: ReadOptions) -> Iterator[Record]:
    wanted, id_property = options.columns, options.id_column
    missing, n = set(wanted), 0
    for n, (_, lines, is_long) in enumerate(_blocks(source), 1):
        if is_long:
            yield (*_too_long(lines, id_property), [""] * len(wanted))
        else:
            properties = _properties(lines[_end(lines) :]) if wanted else {}
            missing -= properties.keys()
            yield (*_record(lines, id_property), [properties.get(name, "") for name in wanted])
        if missing and n == SOUGHT:
            break
    if missing and n:
        names = ", ".join(name for name in wanted if name in missing)
        raise source.fault(
            f"the columns {', '.join(wanted)} are asked for; none of the first {n:,} records has "
            f"the property {names}"
        )


def _blocks(source: Source) -> Iterator[tuple[int, list[str], bool]]:
    """Lines of each record, the line on which it ends, and whether it was too long to be kept.

    If the ``$$$$`` between two is missing, the second begins with its title.
    """
    lines: list[str] = []
    size, is_long, n = 0, False, 0
    end = 0  # lines of the record up to its "M  END"
    for line in source.lines():
        n += 1
        if isinstance(line, Piece):
            n -= not line.is_last
            is_long = True
        elif line.startswith("$$$$"):
            yield n, lines, is_long
            lines, size, is_long, end = [], 0, False, 0
        elif not is_long:
            lines.append(line)
            size += len(line)
            is_long = size > limits.MAX_RECORD
            if line.startswith("M  END"):
                end = len(lines)
            elif end and _begins_anew(lines, end):
                yield n - _BEFORE_COUNTS, lines[:-_BEFORE_COUNTS], False
                lines, end = lines[-_BEFORE_COUNTS:], 0
                size = sum(map(len, lines))
        if is_long:
            del lines[1:]
    if is_long or any(not line.isspace() for line in lines):
        yield n, lines, is_long


_BEFORE_COUNTS = 4
"""Title, program, remark, and the line of counts itself."""


def _begins_anew(lines: Sequence[str], end: int) -> bool:
    """Whether the last line has the counts of another record, whose title is no property's text."""
    if not lines[-1].rstrip().endswith(("V2000", "V3000")) or len(lines) < end + _BEFORE_COUNTS:
        return False
    return not lines[-_BEFORE_COUNTS - 1].startswith(">")


def _too_long(lines: Sequence[str], id_property: str | None) -> Named:
    title = lines[0].strip() if lines and id_property is None else ""
    return title, "", Status.TOO_LONG


def _record(lines: Sequence[str], id_property: str | None) -> Named:
    end = _end(lines)
    block = _block(lines[:end])
    title = lines[0].strip() if lines else ""
    if id_property is not None:
        return _properties(lines[end:]).get(id_property, ""), block, None
    if title:
        return title, block, None
    properties = {plain(name): value for name, value in _properties(lines[end:]).items()}
    name = next((properties[name] for name in ID_NAMES if name in properties), "")
    return name, block, None


def _table(source: Source, _options: ReadOptions) -> pa.Table:
    """SMILES of the Mol blocks, titles, and a column for each property."""
    import pyarrow as pa

    rows = [_row(source, *block) for block in _blocks(source)]
    blocks = [block for _, block, _ in rows]
    found = each(canonical_smiles, blocks, "molblock")
    columns = {
        SMILES: [_smiles(*pair) for pair in zip(blocks, found, strict=True)],
        TITLE: [title for title, _, _ in rows],
    }
    names = dict.fromkeys(name for _, _, properties in rows for name in properties)
    for name in names:
        key = name if name not in columns else f"{name} (property)"
        columns[key] = [properties.get(name, "") for _, _, properties in rows]
    if not any(columns[TITLE]):
        del columns[TITLE]
    texts = {name: list(map(readable, cells)) for name, cells in columns.items()}
    return pa.table({name: pa.array(cells, pa.string()) for name, cells in texts.items()})


def _smiles(block: str, found: str | Status | None) -> str:
    """SMILES of a block; of one that is no molecule what no SMILES looks like."""
    if found and not isinstance(found, Status):
        return found
    return f"({found or Status.INVALID_MOLBLOCK})" if block.strip() else ""


def _row(
    source: Source, line: int, lines: Sequence[str], is_long: bool
) -> tuple[str, str, dict[str, str]]:
    """Title, Mol block and properties of a record."""
    if is_long:
        raise source.fault("a record longer than one may be", line)
    end = _end(lines)
    return lines[0].strip() if lines else "", _block(lines[:end]), _properties(lines[end:])


def _lines(source: Source, _options: ReadOptions) -> Iterator[int]:
    return (line for line, _, _ in _blocks(source))


def _end(lines: Sequence[str]) -> int:
    return next((i for i, line in enumerate(lines, 1) if line.startswith("M  END")), len(lines))


def _block(lines: Sequence[str]) -> str:
    return "".join(lines).replace("\r\n", "\n").replace("\r", "\n")


def _ends(source: Source, options: ReadOptions) -> Iterator[int]:
    return chain([0], _lines(source, options))


sdf = TableFormat(
    read_sdf,
    _table,
    _lines,
    frozenset({"encoding", "decimal", "thousands"}),
    _ends,
    is_lined=False,
)
for _suffix in ("sdf", "sd", "mol"):
    table_formats.register(_suffix)(sdf)


def _properties(lines: Sequence[str]) -> dict[str, str]:
    """Properties by name; of a value over several lines, the first."""
    return {
        line[line.find("<") + 1 : line.rfind(">")]: value.strip()
        for line, value in pairwise(lines)
        if line.startswith(">") and "<" in line
    }
