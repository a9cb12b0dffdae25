"""The molecules that a screen says most about."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.screening.batch import ScreenedBatch
from bioassay_mtl.screening.beside import MOST_CHARACTERS, said_of

if TYPE_CHECKING:
    from bioassay_mtl.models.description import ModelDescription


@dataclass(frozen=True, order=True)
class Hit:
    """One molecule in one assay.

    ``bits`` is what the prediction tells beyond the assay's usual active share, and orders hits.
    ``id`` and ``smiles`` are cut to :data:`MOST_CHARACTERS`.
    """

    bits: float
    order: int
    row: int
    id: str
    smiles: str
    assay: str
    probability: float
    share: float
    in_training: bool | None = None
    beside: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """Values of annotators for it, and for it in this assay, as far as anything is known."""

    @property
    def fold(self) -> float:
        """Probability over the assay's active share."""
        return self.probability / self.share


class TellingHits:
    """Keeps the ``k`` molecules that predictions say most about, each in its most telling assay.

    One promiscuous molecule would otherwise fill the list.

    Ranking by probability would list promiscuous assays only, ranking by the fold over an assay's
    active share only its rarest. The information gained over the share s, the Kullback-Leibler
    divergence ``p log2(p / s) + (1 - p) log2((1 - p) / (1 - s))`` in bits, weighs both.

    Parameters
    ----------
    assays
        Names of the t assays, in the order of the probabilities' columns.
    shares
        ``(t,)`` active share of each assay in the training data; NaN where unknown.
    k
        Molecules kept.
    at
        ``(t,)`` places of these assays among the columns of the batches; None where they are all.
    known
        Whether molecules that the model was trained on are kept alone (True), or left out (False).
    """

    def __init__(
        self,
        assays: Sequence[str],
        shares: NDArray[np.float64],
        k: int,
        *,
        at: NDArray[np.intp] | None = None,
        known: bool | None = None,
    ) -> None:
        self.assays = tuple(assays)
        self.shares = np.clip(shares.astype(np.float32), 1e-6, 1 - 1e-6)
        self.k = k
        self.at = np.arange(len(self.assays)) if at is None else at
        self.known = known
        self._heap: list[Hit] = []

    def add(self, batch: ScreenedBatch) -> None:
        """Take in the next batch of rows."""
        wanted = batch.may_be_hits
        if self.known is not None:
            trained_on = batch.in_training
            wanted = wanted & (not self.known if trained_on is None else trained_on == self.known)
        rows = np.flatnonzero(wanted)
        if not len(rows):
            return
        bits = information_gain(batch.probabilities[np.ix_(rows, self.at)], self.shares)
        bits[~(bits > 0)] = 0
        assays = bits.argmax(axis=1)
        best = bits[np.arange(len(rows)), assays]
        count = min(self.k, len(best))
        for place in np.argpartition(best, -count)[-count:]:
            if best[place] > 0:
                self._offer(batch, int(rows[place]), int(assays[place]), float(best[place]))

    def _offer(self, batch: ScreenedBatch, at: int, assay: int, bits: float) -> None:
        row = batch.first_row + at
        hit = Hit(
            bits=bits,
            order=-row,
            row=row,
            id=batch.ids[at][:MOST_CHARACTERS],
            smiles=batch.smiles[at][:MOST_CHARACTERS],
            assay=self.assays[assay],
            probability=float(batch.probabilities[at, self.at[assay]]),
            share=float(self.shares[assay]),
            in_training=batch.is_known(at),
            beside=said_of(batch.beside, at, int(self.at[assay])),
        )
        if len(self._heap) < self.k:
            heapq.heappush(self._heap, hit)
        else:
            heapq.heappushpop(self._heap, hit)

    def best(self) -> list[Hit]:
        """The hits kept, most telling first."""
        return sorted(self._heap, reverse=True)


def information_gain(
    probabilities: NDArray[np.float32], shares: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Bits gained over the active shares; 0 where a prediction is below its share.

    Parameters
    ----------
    probabilities
        ``(n, t) float32``.
    shares
        ``(t,) float32``, inside (0, 1).
    """
    p = np.clip(probabilities, 1e-7, 1 - 1e-7)
    gain = p * np.log2(p / shares) + (1 - p) * np.log2((1 - p) / (1 - shares))
    return np.where(p > shares, gain, np.float32(0))


def usual_shares(model: ModelDescription) -> NDArray[np.float64]:
    """Share of actives in the training data; NaN of columns of classes and of values."""
    counts, shares = model.label_counts, list[float]()
    for number, (task, kind) in enumerate(zip(model.tasks, model.kinds, strict=True)):
        if not kind.has_actives or not counts:
            shares += [np.nan] * len(kind.columns(task))
            continue
        active, inactive = counts["active"][number], counts["inactive"][number]
        # One pseudo-count: an assay of which no active was seen is rare, not impossible.
        shares.append((active + 1) / (active + inactive + 1))
    return np.array(shares)


def lowest_first(model: ModelDescription) -> Iterator[str]:
    """Columns of which the lowest values are the best, as far as that is known."""
    if any(kind.is_value for kind in model.kinds):
        yield from (assay.id for assay in model.sheet.assays if assay.direction == "low")


FAR_ABOVE = 10.0
"""Times the usual active share from which on a prediction stands far above it; of usual shares
above a tenth, half of the way from them to 1."""


def n_far_above(predictions: NDArray[np.float32], shares: NDArray[np.float64]) -> NDArray[np.int64]:
    """Number of assays in which each molecule stands far above the usual.

    Parameters
    ----------
    predictions
        ``(n, n_columns)`` of a model.
    shares
        ``(n_columns,)``, :func:`usual_shares`; columns without one have no part.

    Returns
    -------
    ``(n,)``; -1 of molecules without predictions, and of models without such assays.
    """
    known = np.isfinite(shares)
    if not known.any():
        return np.full(len(predictions), -1)
    bars = np.minimum(FAR_ABOVE * shares[known], (1 + shares[known]) / 2)
    there = np.isfinite(predictions[:, known])
    with np.errstate(invalid="ignore"):
        counts = (predictions[:, known] >= bars).sum(axis=1)
    return np.where(there.any(axis=1), counts, -1).astype(np.int64)
