"""Format of an input: by its suffix, or by its first lines where it has none."""

from __future__ import annotations

from pathlib import Path

from bioassay_mtl.config import did_you_mean
from bioassay_mtl.tables.columns import SMILES_NAMES, plain
from bioassay_mtl.tables.compression import without_suffix
from bioassay_mtl.tables.dialect import delimiter_of, dialect_of
from bioassay_mtl.tables.options import FOUND_OUT, NAMES, TableOptions
from bioassay_mtl.tables.records import TableFormat, table_formats
from bioassay_mtl.tables.stream import STDIN, Readable, Source
from bioassay_mtl.wording import setting


def format_of(source: Source, options: TableOptions) -> str:
    """The name of an input's format.

    Raises
    ------
    InputError
        No reader knows the suffix.
    """
    suffix = suffix_of(source.path)
    if suffix in table_formats:
        return suffix
    if suffix not in ("", "txt"):
        source.head(1)  # which tells what the file is, if it is no text
        raise source.fault(f"unknown suffix '.{suffix}'", hint=did_you_mean(suffix, table_formats))
    return _sniffed(source, options)


def chosen(source: Source, options: TableOptions, name: str | None = None) -> TableFormat:
    """The format of an input: of this name, or found out.

    Raises
    ------
    InputError
        An option means nothing for this format.
    """
    name = name or format_of(source, options)
    found = table_formats[name]
    for option in TableOptions.model_fields:
        if getattr(options, option) != getattr(FOUND_OUT, option) and option not in found.heeds:
            raise source.fault(f"{setting(option)} means nothing for {name} files")
    return found


def resemblance(path: str | Path, options: TableOptions) -> str:
    """Format that a file looks like of which hardly a record can be used; empty for no other.

    Raises
    ------
    InputError
        The file cannot be read.
    """
    with Source(path, encoding=options.encoding) as source:
        is_lines = table_formats[format_of(source, options)] is table_formats["smi"]
        if not is_lines or options.delimiter is not None:
            return ""
        if _is_molblock(source.head(4)):
            return "it looks like an SD file: call it .sdf"
        delimiter = delimiter_of(source.opening.splitlines())
        if not all(delimiter in line for line in source.head(4) if line.strip()):
            return ""
    said = NAMES.get(delimiter, delimiter)
    return f"its lines look {said}-separated: {setting('delimiter', said)} reads them"


def _is_molblock(head: list[str]) -> bool:
    return len(head) == 4 and head[3].rstrip().endswith(("V2000", "V3000"))


def suffix_of(path: Readable) -> str:
    """Lower-case suffix without its dot and that of a compression; empty where there is none."""
    name = "" if str(path) == STDIN else without_suffix(Path(str(path)).name.lower())
    return Path(name).suffix[1:]


def _sniffed(source: Source, options: TableOptions) -> str:
    head = source.head(4)
    if _is_molblock(head):
        return "sdf"
    dialect = dialect_of(source, options)
    header = head[min(dialect.n_before, len(head) - 1)].split(dialect.delimiter)
    columns = [plain(column.strip().strip('"')) for column in header]
    if len(columns) > 1 and any(name in SMILES_NAMES or "smiles" in name for name in columns):
        return "tsv" if dialect.delimiter == "\t" else "csv"
    return "smi"
