"""Scaling of real-valued features: the ranks of values among training rows.

Descriptors are counts, sums of charges, and numbers as large as the information content of a
polymer. Standardized by mean and variance, rare groups and large molecules lie tens of deviations
away from all others. Ranks are bounded, whatever the units and however far a new molecule is from
those that were trained on, and no choice for each column is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.blocks import Block
from bioassay_mtl.chem.descriptors import DenseBlock
from bioassay_mtl.renamed import in_module

N_QUANTILES = 65


@dataclass(frozen=True)
class FeatureScaler:
    """``sqrt(12) (rank - 1/2)`` for ranks from 0 to 1: uniform of mean 0 and variance 1.

    Ranks are linear between 65 quantiles of the training rows, and end at the outermost. A value
    that makes up several of these has the middle of their ranks, as with scikit-learn's
    ``QuantileTransformer`` (here the outermost, too: 0 and 1 of a rare group are -0.1 and 1.6, not
    -1.7 and 1.7). Missing values become 0, the middle, and so does a column that is
    constant, or never there, in the training rows.

    Parameters
    ----------
    quantiles
        ``(F, 65) float32``, rising; NaN in a column that was never there.
    """

    quantiles: NDArray[np.float32]

    @staticmethod
    def fit(block: Block, rows: NDArray[Any]) -> FeatureScaler:
        """Statistics of some rows."""
        shares = np.linspace(0, 1, N_QUANTILES)
        quantiles = np.full((block.n_features, N_QUANTILES), np.nan, dtype=np.float32)
        for column, values in enumerate(block.raw()[rows].T.astype(np.float64)):
            values = values[~np.isnan(values)]
            if len(values):
                # Rounding must not make them fall.
                quantiles[column] = np.maximum.accumulate(np.quantile(values, shares))
        return FeatureScaler(quantiles)

    def __call__(self, block: Block) -> DenseBlock:
        """The same molecules, as a network reads them."""
        ranks = np.full(block.raw().shape, 0.5)
        shares = np.linspace(0, 1, N_QUANTILES)
        for column, quantiles in enumerate(self.quantiles.astype(np.float64)):
            if quantiles[0] < quantiles[-1]:
                values = block.raw()[:, column].astype(np.float64)
                # From both sides: the two differ where several quantiles are equal.
                low = np.interp(values, quantiles, shares)
                high = 1 - np.interp(-values, -quantiles[::-1], shares)
                ranks[:, column] = np.where(np.isnan(values), 0.5, (low + high) / 2)
        return DenseBlock((np.sqrt(12) * (ranks - 0.5)).astype(np.float32), standard=True)


def fit_scalings(blocks: Mapping[str, Block], rows: NDArray[Any]) -> dict[str, FeatureScaler]:
    """Scaler of every dense input, by the input's name."""
    return {name: FeatureScaler.fit(block, rows) for name, block in blocks.items() if block.is_real}


def scaled(blocks: Mapping[str, Block], scalings: Mapping[str, FeatureScaler]) -> dict[str, Block]:
    """All inputs, dense ones as a network reads them."""
    return {
        name: scalings[name](block) if block.is_real else block for name, block in blocks.items()
    }


if not TYPE_CHECKING:
    __getattr__ = in_module(__name__, ColumnScaling="FeatureScaler")
