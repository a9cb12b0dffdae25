"""A panel from arrays in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.blocks import Block
from bioassay_mtl.chem.features import PackedBits
from bioassay_mtl.data.panel import NOT_MEASURED, Panel
from bioassay_mtl.errors import InputError


def panel_from_arrays(
    structures_or_features: Any,
    labels: Any,
    tasks: Sequence[str],
    mask: Any = None,
    ids: Sequence[str] | None = None,
    block: str = "morgan",
) -> Panel:
    """Build a panel from arrays.

    Parameters
    ----------
    structures_or_features
        n SMILES; or a feature block, or a mapping of them; or bits as an array: ``(n, F)`` of 0 and
        1 of any type, or packed ``(n, F / 8) uint8`` (recognised by values above 1; give a
        :class:`PackedBits` where F is no multiple of 8).
    labels
        ``(n, T)``, or ``(n,)`` for one task: 1, 0, and NaN or -1 where not measured; any type.
    tasks
        T names.
    mask
        ``(n, T) bool``, False where not measured, whatever the label says there.
    ids
        n names of molecules; default: the row numbers from 0.
    block
        Name of the input that an array or a single block holds.

    Raises
    ------
    InputError
        Where shapes differ or a value is not allowed.
    """
    values = _labels(labels, None if mask is None else np.asarray(mask, dtype=np.bool_))
    structures, features = _inputs(structures_or_features, block)
    names = [str(i) for i in (range(len(values)) if ids is None else ids)]
    return Panel(structures, features, values, tuple(str(task) for task in tasks), names)


def _labels(labels: Any, mask: NDArray[np.bool_] | None) -> NDArray[np.int8]:
    values = np.asarray(labels)
    if values.ndim == 1:
        values = values[:, None]
    if mask is not None and mask.ndim == 1:
        mask = mask[:, None]
    if mask is not None and mask.shape != values.shape:
        raise InputError(f"mask {mask.shape} does not fit labels {values.shape}")
    if values.dtype.kind not in "biuf":
        raise InputError(f"labels must be numbers, found {values.dtype}")
    held = np.full(values.shape, NOT_MEASURED, dtype=np.int8)
    measured = ~np.isnan(values) if values.dtype.kind == "f" else np.ones(values.shape, np.bool_)
    if mask is not None:
        measured &= mask
    wrong = measured & (values != 0) & (values != 1) & (values != NOT_MEASURED)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise InputError(
            f"a label is 1, 0, or NaN or -1 where not measured; found {values[row, column]} in row "
            f"{row}, column {column}"
        )
    held[measured] = values[measured].astype(np.int8)
    return held


def _inputs(given: Any, block: str) -> tuple[list[str] | None, dict[str, Block] | None]:
    if isinstance(given, Block):
        return None, {block: given}
    if isinstance(given, Mapping):
        return None, {str(name): _block(held) for name, held in given.items()}
    values = np.asarray(given)
    if values.ndim == 2:
        return None, {block: _block(values)}
    texts = list(given)
    if not all(isinstance(text, str) for text in texts):
        raise InputError("structures must be a list of SMILES texts")
    return [str(text) for text in texts], None


def _block(given: Any) -> Block:
    if isinstance(given, Block):
        return given
    values = np.asarray(given)
    if values.ndim != 2:
        raise InputError(f"features must be (n, F), found shape {values.shape}")
    if values.dtype == np.uint8 and (values > 1).any():
        return PackedBits(np.ascontiguousarray(values), 8 * values.shape[1])
    if not np.isin(values, (0, 1)).all():
        raise InputError(
            "dense features must be 0 or 1",
            hint="counts go into a SparseCounts block",
        )
    return PackedBits(np.packbits(values.astype(np.bool_), axis=1), values.shape[1])
