"""Index files name the rows of each subset."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import numpy as np

from bioassay_mtl.errors import ConfigError, InputError
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits.published import keep_published
from bioassay_mtl.splits.split import SUBSETS, Rows, Split, SplitConfig, splitters


@splitters.register("indices")
def split_by_indices(panel: Panel, config: SplitConfig) -> Split:
    """Follow files of row indices (from 0); rows in none of them are left out.

    Raises
    ------
    ConfigError
        If no file is given.
    InputError
        If a file is missing or holds something else, or a row is unknown or in two subsets.
    """
    if not config.files:
        raise ConfigError("a split by indices needs files={'train': ..., 'test': ...}")
    parts = np.full(len(panel), -1, dtype=np.int8)
    for number, name in enumerate(SUBSETS):
        if name not in config.files:
            continue
        path = config.files[name]
        rows = read_indices(path)
        unknown = rows[(rows < 0) | (rows >= len(panel))]
        if len(unknown):
            raise InputError(f"row {unknown[0]} is none of the panel's {len(panel)}", file=path)
        taken = rows[parts[rows] >= 0]
        if len(taken):
            raise InputError(f"row {taken[0]} is in {SUBSETS[parts[taken[0]]]} already", file=path)
        parts[rows] = number
    return keep_published(panel, parts, config)


def read_indices(path: Path) -> Rows:
    """Row indices from ``.npy``, or from the first column of text or CSV (also ``.gz``).

    A first line that is no number is a header.
    """
    try:
        if path.suffix == ".npy":
            held = np.load(path, allow_pickle=False)
            if held.ndim != 1 or held.dtype.kind not in "iu":
                raise ValueError(f"a list of integers was expected, found {held.dtype}")
            return np.asarray(held, dtype=np.int64)
        data = path.read_bytes()
        lines = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8-sig")
    except FileNotFoundError:
        raise InputError("there is no such file", file=path) from None
    except (OSError, ValueError, EOFError, zlib.error) as error:
        raise InputError(f"not a list of row indices: {error}", file=path) from None
    rows = []
    for line, text in enumerate(lines.splitlines(), start=1):
        cell = text.split(",")[0].strip().strip('"')
        if cell.isdecimal():
            rows.append(int(cell))
        elif cell and line > 1:
            raise InputError(f"a row index was expected, found {cell!r}", file=path, line=line)
    return np.array(rows, dtype=np.int64)
