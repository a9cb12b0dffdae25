"""The contract of losses of combined outputs: their values, slopes and curvatures, in float64.

A stacking needs second derivatives, on a few numbers an assay and without any batch, which is why
these are not the losses that networks train by (:mod:`bioassay_mtl.balance.losses`), though a cell
costs the same: cross-entropy in nats, and minus the log-likelihood of values.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.registry import Registry

Floats = NDArray[np.float64]

BOUND_NOISE = 0.1
"""Noise of bounds, in standard units: that of networks
(:class:`~bioassay_mtl.balance.losses.value_loss.ValueLoss`)."""


class CellLosses(NamedTuple):
    """Losses of m cells of k outputs each.

    Attributes
    ----------
    value
        ``(m,)`` losses.
    slope
        ``(m, k)``: first derivatives by the outputs.
    curvature
        ``(m, k, k)``: second derivatives, positive semidefinite.
    """

    value: Floats
    slope: Floats
    curvature: Floats


class StackLoss(Protocol):
    """Loss of combined outputs of one task, a convex function of them."""

    def __call__(
        self,
        outputs: Floats,
        labels: Floats,
        bounds: NDArray[np.int8] | None,
        noise: float,
        bound_noise: float = BOUND_NOISE,
    ) -> CellLosses:
        """Losses of m cells.

        Parameters
        ----------
        outputs
            ``(m, k)``, finite.
        labels
            ``(m,)``.
        bounds
            ``(m,)`` of censored values: 1 where the true value is at or above the label, -1 at or
            below, 0 exact; None where all are exact.
        noise
            Standard deviation of values about the outputs; of no meaning to outcomes.
        bound_noise
            How sharp bounds are, as noise; a greater one counts as `noise`.
        """
        ...


stack_losses: Registry[StackLoss] = Registry("loss of combined outputs")
"""Losses by task type."""


def surprises(logits: Floats) -> tuple[Floats, Floats, Floats]:
    """``-log p``, ``p`` and ``p (1 - p)`` with ``p = sigmoid(logit)``, exact for large logits too.

    ``-log(1 - p)`` is the logit more than the first.
    """
    small = np.exp(-np.abs(logits))
    more = 1 / (1 + small)
    shares = np.where(logits < 0, small * more, more)
    return np.log1p(small) - np.minimum(logits, 0), shares, small * more**2


def one_by_one(array: Any) -> Floats:
    """``(m, k)`` diagonals as ``(m, k, k)`` matrices."""
    k = array.shape[1]
    found = np.zeros((*array.shape, k))
    found[:, np.arange(k), np.arange(k)] = array
    return found
