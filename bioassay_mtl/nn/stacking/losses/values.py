"""Normal likelihood of values in standard units, some of them only bounds."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx, log_ndtr

from bioassay_mtl.nn.stacking.losses.base import BOUND_NOISE, CellLosses, Floats, stack_losses

_LOG_ROOT_2_PI = math.log(2 * math.pi) / 2


@stack_losses.register("regression")
@stack_losses.register("censored")
def tobit(
    outputs: Floats,
    labels: Floats,
    bounds: NDArray[np.int8] | None,
    noise: float,
    bound_noise: float = BOUND_NOISE,
) -> CellLosses:
    """``-log N(y; output, noise)`` of exact values, of bounds as sharply as networks learn them.

    With s the noise of bounds, that is ``-(s / noise)^2 log Phi(+-(output - y) / s)``: violated, a
    bound costs what an exact value does, fulfilled, nothing. The likelihood itself, where s is the
    noise, goes on pushing predictions away from bounds that they fulfill. Weights that were fitted
    to it grew to twice what experts say where most values are bounds: on validation rows of 100
    ChEMBL assays with 62,000 values, the RMSE of exact ones was 0.792, that of the plain mean of
    experts 0.630, and with s = 0.1 it is 0.616; of 0.05, 0.2 and 0.3 it is 0.614, 0.623, 0.633.

    References
    ----------
    Tobin, Econometrica 26 (1958) 24, with bounds that differ from cell to cell.
    """
    off = (outputs[:, 0] - labels) / noise
    value = off**2 / 2 + math.log(noise) + _LOG_ROOT_2_PI
    slope, curvature = off / noise, np.full(len(off), noise**-2)
    if bounds is not None and (one_sided := bounds != 0).any():
        sharp = min(bound_noise, noise) / noise
        side = bounds[one_sided].astype(np.float64)
        inside = side * off[one_sided] / sharp
        logs = log_ndtr(inside)
        # phi / Phi, which is -inside far outside, where the curvature is 1.
        mills = math.sqrt(2 / math.pi) / erfcx(-inside / math.sqrt(2))
        value[one_sided] = -(sharp**2) * logs
        slope[one_sided] = -side * mills * sharp / noise
        curvature[one_sided] = np.clip(mills * (mills + inside), 0, 1) / noise**2
    return CellLosses(value, slope[:, None], curvature[:, None, None])
