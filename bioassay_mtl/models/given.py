"""Features as callers give them, as those that a model reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.blocks import Block
from bioassay_mtl.chem.descriptors import DenseBlock, held
from bioassay_mtl.chem.features import Features, PackedBits
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.representation import DenseSize
from bioassay_mtl.errors import ConfigError

FeatureLike = Features | Block | NDArray[np.uint8] | Mapping[str, Any]


def as_features(given: FeatureLike, featurizer: Featurizer) -> Features:
    """Features that :meth:`Model.predict_features` is given, checked.

    Raises
    ------
    ConfigError
        Inputs are missing, or have another number of columns than the model reads.
    """
    expected = featurizer.fingerprints
    if isinstance(given, np.ndarray | Block):
        if len(expected) != 1:
            raise ConfigError(
                f"the model reads {len(expected)} inputs ({', '.join(expected)}): "
                "pass what model.featurize returns"
            )
        (name,) = expected
        given = {name: given}
    if isinstance(given, Mapping):
        blocks = {name: _as_block(name, block, featurizer) for name, block in given.items()}
        n = len(next(iter(blocks.values()), ()))
        given = Features(blocks, np.zeros(n, dtype=np.uint8))
    if not isinstance(given, Features):
        raise ConfigError(f"features are expected (model.featurize), found {type(given)}")
    wrong = [n for n, f in expected.items() if not f.holds(given.blocks.get(n))]
    if wrong or len(given.blocks) != len(expected):
        raise ConfigError(
            f"the model reads {featurizer.n_features}; found "
            f"{ {n: b.n_features for n, b in given.blocks.items()} }, which does not fit in "
            f"{', '.join(wrong) or 'number'}: pass what model.featurize returns"
        )
    return given


def _as_block(name: str, block: Any, featurizer: Featurizer) -> Block:
    try:
        if isinstance(block, Block):
            block.check()
        if not isinstance(block, np.ndarray):
            return block  # type: ignore[no-any-return]
        if isinstance(featurizer.input_sizes.get(name), DenseSize):
            return DenseBlock(held(block))
        return PackedBits(block, featurizer.n_features.get(name, 0))
    except ValueError as error:
        raise ConfigError(
            f"input {name!r}: packed bits, real numbers or graphs are expected: {error}"
        ) from error
