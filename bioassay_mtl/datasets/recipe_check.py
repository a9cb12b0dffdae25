"""Whether a file is the table that a recipe describes."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from bioassay_mtl.datasets.recipes import Recipe
from bioassay_mtl.errors import InputError

_CHUNK_BYTES = 1 << 20


def check_table(recipe: Recipe, path: Path) -> None:
    """Raise an error unless size, compression, columns and number of rows are the recipe's.

    This tells a page of an error, another file or half a file from the right one. Only a checksum
    tells whether a cell has changed.

    Raises
    ------
    InputError
        What was expected, and what was found.
    """
    name = recipe.file_name
    try:
        _check_size(recipe, path)
        with _opened(recipe, path) as stream:
            text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
            records = csv.reader(text)
            header = next(records, [])
            _check_header(recipe, header)
            n_rows = 0
            for fields in records:
                if len(fields) != len(header):
                    raise InputError(
                        f"{len(header)} columns expected, {len(fields)} found",
                        file=name,
                        line=records.line_num,
                    )
                n_rows += 1
    except (OSError, EOFError, ValueError, csv.Error, zlib.error) as error:
        raise InputError(f"not the table that was expected: {error}", file=name) from None
    least, most = recipe.rows
    if not least <= n_rows <= most:
        raise InputError(f"{least:,} to {most:,} rows expected, {n_rows:,} found", file=name)


def _check_header(recipe: Recipe, header: list[str]) -> None:
    no_assays = [recipe.smiles_column, *recipe.other_columns]
    no_assays += [recipe.id_column] if recipe.id_column else []
    assays = [name for name in header if name not in no_assays]
    absent = [name for name in (*no_assays, *(recipe.tasks or ())) if name not in header]
    strange = [name for name in assays if recipe.tasks is not None and name not in recipe.tasks]
    if absent or strange or len(set(assays)) != recipe.n_tasks:
        found = ", ".join(header)
        raise InputError(
            f"columns {', '.join(no_assays)} and {recipe.n_tasks} assays expected, found "
            f"{found[:100]!r}{'...' if len(found) > 100 else ''}",
            file=recipe.file_name,
            line=1,
        )


def _check_size(recipe: Recipe, path: Path) -> None:
    """Read all there is once: a broken or an endless file ends here."""
    unpacked, most = 0, recipe.megabytes_unpacked
    with _opened(recipe, path) as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            unpacked += len(chunk)
            if unpacked > most * 1e6:
                raise InputError(
                    f"at most {most:g} MB of text expected, there are more", file=recipe.file_name
                )


@contextmanager
def _opened(recipe: Recipe, path: Path) -> Iterator[BinaryIO]:
    with path.open("rb") as file:
        packed = recipe.file_name.endswith(".gz")
        yield cast(BinaryIO, gzip.GzipFile(fileobj=file)) if packed else file
