"""A panel from arrays in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.blocks import Block
from bioassay_mtl.chem.descriptors import DenseBlock, held
from bioassay_mtl.chem.features import PackedBits
from bioassay_mtl.chem.listing import check_aligned, listed
from bioassay_mtl.errors import InputError
from bioassay_mtl.panels.content import PanelContent
from bioassay_mtl.tasks.kinds import TaskKind, complete, kind_config
from bioassay_mtl.tasks.labels import NOT_MEASURED, is_measured, view_dtype


def content_of_arrays(
    structures_or_features: Any,
    labels: Any,
    tasks: Sequence[str],
    mask: Any = None,
    ids: Sequence[str] | None = None,
    block: str = "morgan",
    kinds: Sequence[TaskKind | str] | None = None,
    bounds: Any = None,
) -> PanelContent:
    """Content of a panel of arrays.

    Parameters
    ----------
    structures_or_features
        n SMILES or RDKit molecules; or a feature block, or a mapping of them; or an array
        ``(n, F)`` of real numbers, or of bits: 0 and 1 of any type, or packed ``(n, F / 8) uint8``
        (recognized by values above 1; give a :class:`PackedBits` where F is no multiple of 8).
    labels
        ``(n, T)``, or ``(n,)`` for one task: 1, 0, and NaN or -1 where not measured; any type. Of
        tasks that are not binary: numbers of classes, or values; and NaN where not measured.
    tasks
        T names.
    mask
        ``(n, T) bool``, False where not measured, whatever the label says there.
    ids
        n names of molecules; default: the row indices.
    block
        Name of the input that an array or a single block holds.
    kinds
        Kind of each task, by name where it has no settings; None for binary tasks.
    bounds
        ``(n, T)`` or ``(n,)``: 1 where a value of a censored task is at or above the label, -1
        where it is at or below, else 0; those of unmeasured cells are not looked at.

    Raises
    ------
    InputError
        If shapes differ, a value is not allowed, or labels are those of other rows of a table.
    """
    for other, what in ((labels, "labels"), (mask, "mask"), (bounds, "bounds")):
        check_aligned(structures_or_features, other, what)
    names = tuple(str(task) for task in tasks)
    chosen = None if kinds is None else [kind_config(kind) for kind in kinds]
    values = _two_dimensional(labels, "labels")
    measured = np.ones(values.shape, np.bool_)
    if mask is not None:
        measured = _two_dimensional(np.asarray(mask, dtype=np.bool_), "mask")
    if measured.shape != values.shape:
        raise InputError(f"mask {measured.shape} does not fit labels {values.shape}")
    if values.dtype.kind not in "biuf":
        raise InputError(f"labels must be numbers, found {values.dtype}")
    kinds = complete(chosen, len(values.T))
    if view_dtype(kinds) == np.int8:
        held: NDArray[Any] = _outcomes(values, measured)
    else:
        held = _values(values, measured, kinds)
    structures, features = _inputs(structures_or_features, block)
    return PanelContent(
        structures=structures,
        features=features,
        labels=held,
        tasks=names,
        ids=[str(i) for i in (range(len(held)) if ids is None else ids)],
        kinds=tuple(chosen or ()),
        bounds=None if bounds is None else _bounds(bounds, is_measured(held)),
    )


def _two_dimensional(given: Any, name: str) -> NDArray[Any]:
    values = np.asarray(given)
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2:
        raise InputError(f"{name} must be (n, T), found shape {values.shape}")
    return values


def _values(
    values: NDArray[Any], measured: NDArray[np.bool_], kinds: Sequence[TaskKind]
) -> NDArray[np.float32]:
    """Labels of a panel with other than binary tasks; -1 is not measured in binary ones."""
    held = np.where(measured, values, np.nan).astype(np.float32)
    binary = np.array([kind.has_actives for kind in kinds])
    held[(held == NOT_MEASURED) & binary] = np.nan
    return held


def _bounds(given: Any, measured: NDArray[np.bool_]) -> NDArray[np.int8] | None:
    bounds = _two_dimensional(given, "bounds")
    if bounds.shape != measured.shape:
        raise InputError(f"bounds {bounds.shape} do not fit labels {measured.shape}")
    held: NDArray[np.int8] = np.where(measured, bounds, 0).astype(np.int8)
    return held if held.any() else None


def _outcomes(values: NDArray[Any], measured: NDArray[np.bool_]) -> NDArray[np.int8]:
    held = np.full(values.shape, NOT_MEASURED, dtype=np.int8)
    if values.dtype.kind == "f":
        measured = measured & ~np.isnan(values)
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
        return None, {block: _block(given)}
    if isinstance(given, Mapping):
        return None, {str(name): _block(held) for name, held in given.items()}
    values = np.asarray(given)
    if values.ndim == 2:
        return None, {block: _block(values)}
    texts = listed(given)
    if not all(isinstance(text, str) for text in texts):
        raise InputError("structures must be a list of SMILES texts, or of RDKit molecules")
    return [str(text) for text in texts], None


def _block(given: Any) -> Block:
    if isinstance(given, Block):
        try:
            given.check()
        except ValueError as error:
            raise InputError(f"{given.kind}: {error}") from error
        return given
    values = np.asarray(given)
    if values.ndim != 2:
        raise InputError(f"features must be (n, F), found shape {values.shape}")
    if values.dtype == np.uint8 and (values > 1).any():
        return PackedBits(np.ascontiguousarray(values), 8 * values.shape[1])
    if values.dtype.kind not in "biuf":
        raise InputError(f"features must be numbers, found {values.dtype}")
    if not np.isin(values, (0, 1)).all():
        return DenseBlock(held(values))
    return PackedBits(np.packbits(values.astype(np.bool_), axis=1), values.shape[1])
