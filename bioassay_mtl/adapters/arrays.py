"""Arrays of other libraries: SMILES, a fingerprint, or real-valued features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.errors import InputError

if TYPE_CHECKING:
    from bioassay_mtl.chem.blocks import Block
    from bioassay_mtl.chem.features import Features, PackedBits, SparseCounts
    from bioassay_mtl.chem.representation import Representation
    from bioassay_mtl.models.model import Model
    from bioassay_mtl.tasks.kinds import TaskKind

INPUT = "features"
"""Name of the input of a model that was trained on an array."""

_LARGEST_COUNT = 255

_FEWEST_BITS, _MOST_BITS = 64, 65536
"""Columns of an array that may be a fingerprint; narrower ones are features, whatever they hold."""

_STRIDE = 1024
"""Rows of a sparse matrix that are dense at a time."""


class DataError(InputError, ValueError):
    """An array that cannot be used; a `ValueError` too, as the other libraries expect."""


def is_missing(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Cells that are None, NaN, or what pandas has in their place."""
    import pandas as pd

    return np.asarray(pd.isna(values))


def numbers_of(values: NDArray[Any]) -> NDArray[np.float64]:
    """Labels as numbers, NaN where not measured.

    Raises
    ------
    DataError
        A label is no number.
    """
    if values.dtype == object:
        values = np.where(is_missing(values), np.nan, values)
    try:
        return values.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"y must be numbers, NaN where not measured: {error}") from None


def is_sparse(x: Any) -> bool:
    """Whether it is a sparse matrix, or array, of scipy."""
    return hasattr(x, "tocsr")


def smiles_of(x: Any, *, expected: bool = False) -> list[str] | None:
    """The SMILES, where `x` is text or RDKit molecules, ``(n,)`` or ``(n, 1)``; else None.

    A missing value (None, NaN) among texts is an empty text. Missing values alone, or no rows at
    all, are SMILES where these are `expected`.
    """
    from bioassay_mtl.chem.listing import listed

    if is_sparse(x):
        return None
    values = np.asarray(x) if hasattr(x, "dtype") else np.asarray(x, dtype=object)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        return None
    cells = listed(values)
    if any(isinstance(cell, str) for cell in cells) or (expected and is_missing(values).all()):
        return [cell if isinstance(cell, str) else "" for cell in cells]
    return None


def reads_smiles(model: Model) -> bool:
    """Whether a model makes its inputs of SMILES; else it reads an array."""
    return all(each.is_computed for each in model.featurizer.fingerprints.values())


def representation_of(x: Any) -> dict[str, Any]:
    """Settings of the input that holds an array or a sparse matrix ``(n, F)``.

    In 64 columns or more, zeros and ones are the bits of a fingerprint; whole numbers from 0 to
    255, most of them 0, are its counts. All else are real-valued features, each column
    standardized: a few columns may hold other values in the rows to come.

    Raises
    ------
    DataError
        A fingerprint has more than 65,536 columns.
    """
    n_rows, n_columns = x.shape
    values = x.data if is_sparse(x) else x  # the other values of a sparse matrix are 0
    if (
        n_columns >= _FEWEST_BITS
        and not np.isnan(values).any()
        and values.min(initial=0) >= 0
        and (values == np.rint(values)).all()
    ):
        given = {"kind": "given", "n_bits": n_columns}
        if n_columns > _MOST_BITS:
            raise DataError(
                f"a fingerprint has {_MOST_BITS:,} columns at most, found {n_columns:,}",
                hint="fold it: add up columns that are equal modulo a power of two",
            )
        if values.max(initial=0) <= 1:
            return given
        if values.max() <= _LARGEST_COUNT and 2 * np.count_nonzero(values) < n_rows * n_columns:
            return {**given, "counts": True}
    return {"kind": "dense", "n_columns": n_columns}


def block_of(x: Any, representation: Representation) -> Block:
    """An array or a sparse matrix ``(n, F)`` as the block that a model reads.

    Raises
    ------
    DataError
        It has other columns, or does not hold what the model was trained on.
    """
    from bioassay_mtl.chem.descriptors import DenseBlock, held

    if x.ndim != 2 or x.shape[1] != representation.n_features:
        raise DataError(f"features (n, {representation.n_features}) are expected, found {x.shape}")
    if representation.kind == "dense":
        return DenseBlock(held(x.toarray() if is_sparse(x) else x))
    counts: bool = representation.counts  # type: ignore[attr-defined]
    values = x.data if is_sparse(x) else x
    wrong = values[~np.isin(values, (0, 1))]
    if counts:
        wrong = values[~((values >= 0) & (values == np.rint(values)))]
    if len(wrong):
        trained_on = "counts" if counts else "zeros and ones"
        raise DataError(
            f"the model was trained on {trained_on}; found {wrong[0]}",
            hint="such an array is read as a fingerprint: scale its columns before fit "
            "(StandardScaler) to have it read as real-valued features, of which any may be NaN",
        )
    if not counts:
        return _bits(x)
    return _counts(x, representation.scale)  # type: ignore[attr-defined]


def _bits(x: Any) -> PackedBits:
    from bioassay_mtl.chem.features import PackedBits

    if not is_sparse(x):
        return PackedBits(np.packbits(x.astype(np.bool_), axis=1), x.shape[1])
    packed = np.empty((x.shape[0], -(-x.shape[1] // 8)), np.uint8)
    for start in range(0, len(packed), _STRIDE):  # all at once, they would fill the memory
        rows = slice(start, start + _STRIDE)
        packed[rows] = np.packbits(x[rows].toarray().astype(np.bool_), axis=1)
    return PackedBits(packed, x.shape[1])


def _counts(x: Any, scale: Any) -> SparseCounts:
    from scipy.sparse import csr_array

    from bioassay_mtl.chem.features import SparseCounts

    rows = csr_array(x, copy=True)
    rows.sum_duplicates()
    rows.eliminate_zeros()
    return SparseCounts(
        rows.indptr.astype(np.int64),
        rows.indices.astype(np.uint16),
        np.minimum(rows.data, _LARGEST_COUNT).astype(np.uint8),
        x.shape[1],
        scale,
    )


def fit(
    x: Any,
    labels: NDArray[Any],
    tasks: list[str],
    kinds: Sequence[TaskKind],
    settings: Mapping[str, Any],
    *,
    weights: NDArray[np.float32] | None = None,
) -> Model:
    """Train on all rows of arrays.

    Parameters
    ----------
    x
        n SMILES or molecules, or features ``(n, F)``, dense or as a sparse matrix (CSR).
    labels
        ``(n, T)``, NaN where not measured.
    tasks, kinds
        Names and kinds of the T tasks.
    settings
        Settings of :class:`bioassay_mtl.training.config.TrainingConfig`.
    weights
        ``(n, T)`` of the cells; None where all weigh 1.

    Raises
    ------
    DataError
        Labels are not what their kinds say, or no row can be trained on.
    """
    from bioassay_mtl.chem.fingerprints import fingerprint_from
    from bioassay_mtl.panels.panel import Panel
    from bioassay_mtl.splits import Split
    from bioassay_mtl.training.config import TrainingConfig
    from bioassay_mtl.training.fit import train

    given: Any = smiles_of(x)
    settings = dict(settings)
    if given is None:
        if "fingerprints" in settings:
            raise DataError("fingerprints are made of SMILES, found features")
        recipe = representation_of(x)
        given = {INPUT: block_of(x, fingerprint_from(recipe))}
        settings["fingerprints"] = {INPUT: recipe}
    config, none = TrainingConfig.of(settings), np.zeros(0, dtype=np.int64)
    try:
        panel = Panel.from_arrays(given, labels, tasks, kinds=kinds)
        everything = Split(np.arange(len(panel)), none, none, len(panel))
        return train(panel, config, parts=everything, weights=weights)
    except InputError as error:
        raise DataError(error.message, hint=error.hint) from error


def predict(model: Model, x: Any) -> NDArray[np.float32]:
    """Predicted columns ``(n, n_columns)``; NaN where a SMILES cannot be used.

    Raises
    ------
    DataError
        `x` is text and the model reads features, or the other way round.
    """
    return model.predict_features(features_of(model, x))


def intervals(model: Model, x: Any, level: float) -> NDArray[np.float32]:
    """Both ends of the intervals of predicted columns, ``(n, n_columns, 2)``.

    Raises
    ------
    DataError
        As raised by :func:`predict`, or there are no intervals at the level.
    """
    from bioassay_mtl.confidence.evidence import LEVELS
    from bioassay_mtl.models.confident import intervals as of_columns

    if level not in LEVELS:
        raise DataError(f"level must be one of {', '.join(map(str, LEVELS))}, found {level}")
    if model.evidence is None:
        raise DataError(
            "the model has no evidence of rows that it had not learned from",
            hint="it is kept where experts are stacked, or rows are held out, and unless the "
            "setting calibrate is false",
        )
    columns = np.arange(len(model.columns))
    return np.stack(of_columns(model, predict(model, x), columns, level=level), axis=2)


def features_of(model: Model, x: Any) -> Features:
    """Features that a model reads of SMILES, or of features ``(n, F)``.

    Raises
    ------
    DataError
        `x` is text and the model reads features, or the other way round.
    """
    from bioassay_mtl.chem.features import Features

    expected = reads_smiles(model)
    structures = smiles_of(x, expected=expected)
    if (structures is not None) != expected:
        raise DataError(f"the model reads {'SMILES' if expected else 'features'}")
    if structures is not None:
        return model.featurize(structures)
    block = block_of(x if is_sparse(x) else np.asarray(x), model.featurizer.fingerprints[INPUT])
    return Features({INPUT: block}, np.zeros(len(block), dtype=np.uint8))


def array_of(block: Any) -> NDArray[np.float32]:
    """``(n, F)``: bits, real values, or counts themselves (not as a network reads them)."""
    from bioassay_mtl.chem.features import SparseCounts

    if not isinstance(block, SparseCounts):
        return np.array(block.dense(), dtype=np.float32)
    values = np.zeros((len(block), block.n_features), dtype=np.float32)
    values[np.repeat(np.arange(len(block)), np.diff(block.offsets)), block.indices] = block.counts
    return values
