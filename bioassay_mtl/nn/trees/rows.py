"""Rows that trees read: sparse rows of all named inputs side by side.

Positions that a fingerprint does not set are missing entries, in fitting as in predicting; numbers
of descriptors are always entries, also 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.representation import DenseSize, GraphSize, InputSize
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.inputs import Input, Inputs, SparseInput, dense_rows

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


def tree_columns(sizes: Mapping[str, InputSize], names: Sequence[str]) -> dict[str, int]:
    """Columns of each named input.

    Raises
    ------
    ConfigError
        There is no such input, or it is a graph.
    """
    found = {}
    for name in names:
        size = sizes.get(name)
        if size is None:
            raise ConfigError(f"unknown input {name!r}; the model has {sorted(sizes)}")
        if isinstance(size, GraphSize):
            raise ConfigError(
                f"trees read no graph, and input {name!r} is one (fingerprints and descriptors "
                "can be read)"
            )
        found[name] = size.n_columns if isinstance(size, DenseSize) else size
    return found


def tree_rows(inputs: Inputs, sizes: Mapping[str, InputSize], names: Sequence[str]) -> csr_matrix:
    """``(B, F) float32`` of the named inputs, one after another.

    Parameters
    ----------
    inputs
        Inputs of a network: sparse rows, or plain tensors ``(B, F)`` on any device.
    sizes
        Size of every input.
    names
        Names of the inputs that are read, in order.
    """
    from scipy.sparse import csr_matrix

    parts = [_entries(inputs[name], isinstance(sizes[name], DenseSize)) for name in names]
    widths = tree_columns(sizes, names).values()
    shifts = np.cumsum([0, *widths])
    if len(parts) == 1:
        row_ends, columns, values = parts[0]
    else:
        lengths = [np.diff(ends) for ends, _, _ in parts]
        row_ends = np.concatenate([[0], np.cumsum(sum(lengths))])
        columns = np.empty(row_ends[-1], np.int32)
        values = np.empty(row_ends[-1], np.float32)
        begin = row_ends[:-1].copy()
        for (ends, own, held), length, shift in zip(parts, lengths, shifts, strict=False):
            place = np.repeat(begin - ends[:-1], length) + np.arange(ends[-1])
            columns[place], values[place] = own + shift, held
            begin += length
    shape = (len(row_ends) - 1, int(shifts[-1]))
    return csr_matrix((values, columns, row_ends), shape=shape)


Entries = tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]
"""Offsets of the rows, columns, values."""


def _entries(x: Input, is_real: bool) -> Entries:
    if isinstance(x, SparseInput):
        offsets, indices, values = x.rows
        values = np.ones(len(indices), np.float32) if values is None else values
        return offsets, indices, values
    import torch

    rows = dense_rows(x, torch.float32).cpu().numpy()
    n, width = rows.shape
    if is_real:
        columns = np.tile(np.arange(width, dtype=np.int32), n)
        return np.arange(0, n * width + 1, width), columns, np.ascontiguousarray(rows).ravel()
    row, column = np.nonzero(rows)
    offsets = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=n))])
    return offsets.astype(np.int64), column.astype(np.int32), rows[row, column]
