"""Normal likelihood of values in standard units, some of them only bounds."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx, log_ndtr

from bioassay_mtl.nn.stacking.losses.base import CellLosses, Floats, stack_losses

_LOG_ROOT_2_PI = math.log(2 * math.pi) / 2


@stack_losses.register("regression")
@stack_losses.register("censored")
def tobit(
    outputs: Floats, labels: Floats, bounds: NDArray[np.int8] | None, noise: float
) -> CellLosses:
    """``-log N(y; output, noise)`` of exact values, ``-log Phi(+-(output - y) / noise)`` of bounds.

    References
    ----------
    Tobin, Econometrica 26 (1958) 24, with bounds that differ from cell to cell.
    """
    off = (outputs[:, 0] - labels) / noise
    value = off**2 / 2 + math.log(noise) + _LOG_ROOT_2_PI
    slope, curvature = off / noise, np.full(len(off), noise**-2)
    if bounds is not None and (one_sided := bounds != 0).any():
        side = bounds[one_sided].astype(np.float64)
        inside = side * off[one_sided]
        logs = log_ndtr(inside)
        # phi / Phi, which is -inside far outside, where the curvature is 1.
        mills = math.sqrt(2 / math.pi) / erfcx(-inside / math.sqrt(2))
        value[one_sided] = -logs
        slope[one_sided] = -side * mills / noise
        curvature[one_sided] = np.clip(mills * (mills + inside), 0, 1) / noise**2
    return CellLosses(value, slope[:, None], curvature[:, None, None])
