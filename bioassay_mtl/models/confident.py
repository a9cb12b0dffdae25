"""Confidence beside each prediction.

``spread``
    The standard deviation of what the experts that are open to an assay would say alone, weighted
    by its gates: of logits, of values in the assay's unit.
``low``, ``high``
    Of a probability the Venn-ABERS interval (:mod:`bioassay_mtl.confidence.venn_abers`), widened to
    hold the probability itself; of a value the interval that agrees with 90 % of new measurements,
    where these are of molecules as those of the panel. Both rest on molecules that the model had
    not learned from, see :class:`~bioassay_mtl.confidence.evidence.Evidence`.

What is not known is NaN: the spread of a single expert, intervals of classes, of values of which
too few were measured, and of models that were saved before they kept the evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.features import Features
from bioassay_mtl.confidence.evidence import LEVELS, USUAL_LEVEL
from bioassay_mtl.models.description import Predictor

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Confidence:
    """Confidence in some predictions, ``(n, c) float32`` each; NaN where it is not known.

    Parameters
    ----------
    spread, low, high
        See :mod:`bioassay_mtl.models.confident`.
    """

    spread: Floats
    low: Floats
    high: Floats


def confidence_of(
    model: Predictor,
    features: Features,
    predictions: Floats,
    columns: Sequence[int] | None = None,
    calibrated: bool = True,
    level: float = USUAL_LEVEL,
) -> Confidence:
    """Confidence of a model in its predictions.

    Parameters
    ----------
    model
        Model that predicts.
    features, predictions
        Features and predictions of n molecules; predictions ``(n, n_columns)``.
    columns
        Columns that are asked for; None for all.
    calibrated
        Whether the predictions are.
    level
        Level of the intervals of values, one of :data:`~bioassay_mtl.confidence.evidence.LEVELS`.
    """
    asked = np.arange(len(model.columns)) if columns is None else np.asarray(columns, np.int64)
    low, high = intervals(model, predictions[:, asked], asked, calibrated, level)
    return Confidence(model.spread_features(features, calibrated)[:, asked], low, high)


def intervals(
    model: Predictor,
    predictions: Floats,
    columns: NDArray[np.int64],
    calibrated: bool = True,
    level: float = USUAL_LEVEL,
) -> tuple[Floats, Floats]:
    """Both ends of the intervals of predictions ``(n, c)`` in some columns ``(c,)``."""
    low = np.full(predictions.shape, np.nan, np.float32)
    high = low.copy()
    if (evidence := model.evidence) is None:
        return low, high
    task = tasks_of_columns(model)[columns]
    outcomes = np.flatnonzero([model.kinds[t].has_actives for t in task.tolist()])
    values = np.flatnonzero([model.kinds[t].is_value for t in task.tolist()])
    if len(outcomes):
        own = predictions[:, outcomes]
        logits = logits_of(model, own, task[outcomes], calibrated)
        p0, p1 = evidence.probabilities(logits, task[outcomes])
        low[:, outcomes], high[:, outcomes] = np.minimum(p0, own), np.maximum(p1, own)
    widths = evidence.half_widths[task[values], LEVELS.index(level)]
    widths = np.where(np.isfinite(widths), widths, np.nan).astype(np.float32)
    own = predictions[:, values]
    low[:, values], high[:, values] = own - widths, own + widths
    if model.limits is not None:
        ends = [end[columns] for end in model.limits.columns(model.kinds)]
        low, high = np.clip(low, *ends), np.clip(high, *ends)
    return low, high


def logits_of(
    model: Predictor, probabilities: Floats, tasks: NDArray[np.int64], calibrated: bool = True
) -> NDArray[np.float64]:
    """The network's logits, of which probabilities ``(n, c)`` of tasks ``(c,)`` were made."""
    p = np.clip(probabilities.astype(np.float64), 1e-12, 1 - 1e-12)
    logits: NDArray[np.float64] = np.log(p) - np.log1p(-p)
    calibration = model.calibration if calibrated else None
    if calibration is not None:
        logits = (logits - calibration.offset[tasks]) / calibration.slope[tasks]
    return logits


def tasks_of_columns(model: Predictor) -> NDArray[np.int64]:
    """The task of each predicted column."""
    widths = [len(kind.columns("")) for kind in model.kinds]
    return np.repeat(np.arange(len(widths)), widths)


def confidence_table(
    model: Predictor, features: Features, predictions: Floats, index: Any, calibrated: bool
) -> pd.DataFrame:
    """Columns ``A:spread``, ``A:low`` and ``A:high`` for each column A of the model."""
    import pandas as pd

    found = confidence_of(model, features, predictions, calibrated=calibrated)
    every = np.stack([found.spread, found.low, found.high], axis=2)
    names = [f"{column}:{what}" for column in model.columns for what in ("spread", "low", "high")]
    return pd.DataFrame(every.reshape(len(every), len(names)), index=index, columns=names)
