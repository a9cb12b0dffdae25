"""An array that comes in parts, packed as it comes: whole, it would not fit beside its packing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.adapters.arrays import array_of, block_of, representation_of
from bioassay_mtl.chem.blocks import Block
from bioassay_mtl.chem.descriptors import DenseBlock
from bioassay_mtl.chem.features import PackedBits, SparseCounts
from bioassay_mtl.chem.fingerprints import fingerprint_from

_LARGEST_COUNT = 255


def packed(
    parts: Iterable[NDArray[np.float32]], recipe: dict[str, Any] | None = None
) -> tuple[dict[str, Any], Block]:
    """Settings of the input that holds all parts ``(n, F)``, and its block.

    Parameters
    ----------
    parts
        Parts, at least one.
    recipe
        Settings of the input, where they are known; None for those that
        :func:`~bioassay_mtl.adapters.arrays.representation_of` finds for the whole array.

    Raises
    ------
    DataError
        A part does not hold what `recipe` says.
    """
    if recipe is not None:
        kind = fingerprint_from(recipe)
        blocks: list[Any] = [block_of(part, kind) for part in parts]
        return recipe, type(blocks[0]).concatenate(blocks)
    held = [_small(part) for part in parts]
    recipe = _recipe(held)
    blocks = _alike(held, recipe)
    return recipe, type(blocks[0]).concatenate(blocks)


def _small(part: NDArray[np.float32]) -> Any:
    """A part in the smallest block that loses nothing."""
    recipe = representation_of(part)
    if recipe["kind"] == "dense" and _are_counts(part):  # few of them may be 0 in this part alone
        recipe = {"kind": "given", "n_bits": part.shape[1], "counts": True}
    return block_of(part, fingerprint_from(recipe))


def _are_counts(part: NDArray[np.float32]) -> bool:
    # Representations of narrow arrays are dense, whatever they hold.
    of_zeros = representation_of(np.zeros_like(part[:1]))
    in_range = (part >= 0) & (part <= _LARGEST_COUNT)
    return of_zeros["kind"] != "dense" and bool((in_range & (part == np.rint(part))).all())


def _recipe(held: list[Any]) -> dict[str, Any]:
    n_columns = held[0].n_features
    if all(isinstance(block, PackedBits) for block in held):
        return {"kind": "given", "n_bits": n_columns}
    n_cells = sum(len(block) for block in held) * n_columns
    if any(isinstance(block, DenseBlock) for block in held) or 2 * _n_set(held) >= n_cells:
        return {"kind": "dense", "n_columns": n_columns}
    return {"kind": "given", "n_bits": n_columns, "counts": True}


def _n_set(held: list[Any]) -> int:
    return sum(
        len(block.indices) if isinstance(block, SparseCounts) else int(block.dense().sum())
        for block in held
    )


def _alike(held: list[Any], recipe: dict[str, Any]) -> list[Any]:
    """The parts as one kind of block; each is let go as soon as it is made anew."""
    kind = fingerprint_from(recipe)
    for number, block in enumerate(held):
        if not kind.holds(block):
            held[number] = block_of(array_of(block), kind)
    return held
