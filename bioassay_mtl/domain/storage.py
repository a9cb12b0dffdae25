"""Training molecules as arrays of bytes: about a tenth of what they take in memory."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.domain.domain import Domain
from bioassay_mtl.domain.fingerprints import N_BITS
from bioassay_mtl.tasks.measured import MeasuredCells

Bytes = NDArray[np.uint8]

LEVEL = 6
LONGEST = 100_000
"""Characters of a SMILES, in the mean of all."""


def arrays_of(domain: Domain) -> dict[str, NDArray[Any]]:
    """Arrays of a file: compressed streams of bytes, and the identities as they are."""
    cells = domain.cells
    first = np.zeros(cells.n_cells, np.bool_)
    first[cells.offsets[:-1][cells.per_row > 0]] = True
    gaps = np.where(first, cells.task, np.diff(cells.task, prepend=0))
    held: dict[str, NDArray[Any]] = {
        "identities": domain.identities,
        "fingerprints": _packed(domain.packed),
        "cells.per_row": _packed(cells.per_row.astype("<u4")),
        "cells.gaps": _packed(gaps.astype("<u4")),
        **_values(cells.value),
    }
    if cells.bound is not None:
        held["cells.bounds"] = _packed(cells.bound)
    if domain.structures is not None and domain.keeps_structures:
        text = "\n".join(
            text.split(None, 1)[0] if text.split() else "" for text in domain.structures
        )
        held["structures"] = _packed(np.frombuffer(text.encode(), np.uint8))
    return held


def domain_of(
    arrays: Mapping[str, NDArray[Any]], n_tasks: int, threshold: float, *, tautomer: bool = False
) -> Domain:
    """The training molecules that a file holds.

    Raises
    ------
    KeyError, ValueError, InputError
        It holds something else.
    """
    ids = arrays["identities"]
    if ids.dtype != np.uint64 or ids.ndim != 1:
        raise ValueError("identities must be uint64")
    n = len(ids)
    packed = _unpacked(arrays["fingerprints"], np.dtype(np.uint8), n * N_BITS // 8)
    per_row = _unpacked(arrays["cells.per_row"], np.dtype("<u4"), n).astype(np.int64)
    m = int(per_row.sum())
    if m > n * n_tasks:
        raise ValueError(f"{m:,} cells of {n:,} molecules and {n_tasks:,} tasks")
    gaps = _unpacked(arrays["cells.gaps"], np.dtype("<u4"), m).astype(np.int64)
    offsets = np.concatenate([[0], np.cumsum(per_row)])
    total = np.concatenate([[0], np.cumsum(gaps)])
    task = total[1:] - np.repeat(total[offsets[:-1]], per_row)
    if m and task.max() >= n_tasks:
        raise ValueError(f"cells of task {task.max()}, of {n_tasks}")
    bound = arrays.get("cells.bounds")
    cells = MeasuredCells(
        offsets,
        task.astype(np.int32),
        _unpacked_values(arrays, m),
        None if bound is None else _unpacked(bound, np.dtype(np.int8), m),
        n_tasks,
    )
    return Domain(
        packed.reshape(n, -1),
        cells,
        _texts(arrays["structures"], n) if "structures" in arrays else None,
        identities=ids,
        threshold=threshold,
        tautomer=tautomer,
    )


def _packed(array: NDArray[Any]) -> Bytes:
    return np.frombuffer(zlib.compress(np.ascontiguousarray(array).tobytes(), LEVEL), np.uint8)


def _unpacked(held: NDArray[Any], dtype: np.dtype[Any], n: int) -> NDArray[Any]:
    """n numbers of a type, and no more memory than these take."""
    raw = _inflated(held, n * dtype.itemsize)
    if len(raw) != n * dtype.itemsize:
        raise ValueError(f"{n:,} numbers are expected, found {len(raw):,} bytes")
    return np.frombuffer(raw, dtype).copy()


def _inflated(held: NDArray[Any], most: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(held.tobytes(), most + 1)
    except zlib.error as error:
        raise ValueError(f"compressed bytes are damaged: {error}") from error


def _values(values: NDArray[np.float32]) -> dict[str, Bytes]:
    """Outcomes take a byte each, values four."""
    with np.errstate(invalid="ignore"):  # what no byte can hold is found out below
        small = values.astype(np.int8)
    if (small == values).all():
        return {"cells.outcomes": _packed(small)}
    return {"cells.values": _packed(values.astype("<f4"))}


def _unpacked_values(arrays: Mapping[str, NDArray[Any]], m: int) -> NDArray[np.float32]:
    if "cells.outcomes" in arrays:
        return _unpacked(arrays["cells.outcomes"], np.dtype(np.int8), m).astype(np.float32)
    found: NDArray[np.float32] = _unpacked(arrays["cells.values"], np.dtype("<f4"), m).astype(
        np.float32
    )
    if np.isnan(found).any():
        raise ValueError("a measured cell has a value, and NaN is none")
    return found


def _texts(held: NDArray[Any], n: int) -> list[str]:
    most = LONGEST * max(1, n)
    raw = _inflated(held, most)
    texts = raw.decode().split("\n") if n else []
    if len(raw) > most or len(texts) != n:
        raise ValueError(f"{n:,} structures are expected, found {len(texts):,}")
    return texts
