"""Which format an input is in: by its suffix, or by its first lines where it has none."""

from __future__ import annotations

import re
from pathlib import Path

from bioassay_mtl.config import did_you_mean
from bioassay_mtl.tables.columns import SMILES_NAMES, plain
from bioassay_mtl.tables.records import readers
from bioassay_mtl.tables.stream import STDIN, Source


def format_of(source: Source) -> str:
    """The name of the reader for an input.

    Raises
    ------
    InputError
        For a suffix that no reader knows.
    """
    suffix = suffix_of(source.path)
    if suffix in readers:
        return suffix
    if suffix not in ("", "txt"):
        raise source.fault(f"unknown suffix '.{suffix}'", hint=did_you_mean(suffix, readers))
    return _sniffed(source)


def suffix_of(path: str | Path) -> str:
    """Lower-case suffix without its dot and without ``.gz``; empty where there is none."""
    name = "" if str(path) == STDIN else Path(path).name.lower().removesuffix(".gz")
    return Path(name).suffix[1:]


def delimiter_of(header: str) -> str:
    """Of commas, semicolons and tabs the one that makes most columns of a header.

    Examples
    --------
    >>> delimiter_of("SMILES;Inhibition, %;LogD"), delimiter_of('SMILES,"a;b;c"')
    (';', ',')
    """
    unquoted = re.sub(r'"[^"]*"', "", header)
    return max(",;\t", key=unquoted.count)


def _sniffed(source: Source) -> str:
    head = source.head(4)
    if len(head) == 4 and head[3].rstrip().endswith(("V2000", "V3000")):
        return "sdf"
    for delimiter, name in ((",", "csv"), ("\t", "tsv")):
        columns = [plain(column.strip().strip('"')) for column in head[0].split(delimiter)]
        if len(columns) > 1 and any(column in SMILES_NAMES for column in columns):
            return name
    return "smi"
