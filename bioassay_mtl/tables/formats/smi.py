"""SMILES files: a SMILES, white space, and the rest of the line as a name."""

from __future__ import annotations

from collections.abc import Iterator

from bioassay_mtl.chem.status import Status
from bioassay_mtl.tables.columns import SMILES_NAMES, plain
from bioassay_mtl.tables.records import (
    ReadOptions,
    Record,
    RecordBatch,
    batched,
    no_columns,
    readers,
)
from bioassay_mtl.tables.stream import Piece, Source


@readers.register("smi")
@readers.register("smiles")
@readers.register("ism")
@readers.register("can")
def read_smi(source: Source, options: ReadOptions) -> Iterator[RecordBatch]:
    """Every line is a record, a blank one too; a first line such as ``smiles name`` is a header.

    A CXSMILES extension (``|...|``) between SMILES and name is dropped.
    """
    no_columns(source, options)
    # None of the column names is a valid SMILES, so no molecule is taken for a header.
    head = source.head(1)[0]
    first = "" if isinstance(head, Piece) else _record(head)[1]
    lines = source.lines()
    if plain(first.lstrip("#")) in SMILES_NAMES:
        next(lines)
    return batched(_records(lines), "smiles", options, source)


def _records(lines: Iterator[str]) -> Iterator[Record]:
    for line in lines:
        if not isinstance(line, Piece):
            yield _record(line)
        elif line.is_last:
            yield "", "", Status.TOO_LONG, ()


def _record(line: str) -> Record:
    if line[0].isspace():
        name = line.lstrip()
        if "\t" in line[: len(line) - len(name)]:  # an empty first column
            return name.rstrip(), "", None, ()
    words = line.split(None, 1)
    if not words:
        return "", "", None, ()
    if len(words) == 1:
        return "", words[0], None, ()
    smiles, name = words
    if name[0] == "|":
        name = name[name.find("|", 1) + 1 :].lstrip()
    return name.rstrip(), smiles, None, ()
