"""Losses of values in standard units: exact ones, and those of which only a bound is known."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import huber_loss

from bioassay_mtl.balance.losses.kind_losses import kind_losses
from bioassay_mtl.balance.losses.value_loss import ValueLoss


@kind_losses.register("regression")
def half_square(
    outputs: Tensor,
    targets: Tensor,
    bounds: Tensor | None,
    weights: Tensor | None,
    settings: ValueLoss,
) -> Tensor:
    """``(y - output)^2 / 2``, or its Huber form."""
    values = outputs[..., 0]
    if settings.huber is None:
        return (values - targets).square() / 2
    return huber_loss(values, targets, reduction="none", delta=settings.huber)


@kind_losses.register("censored")
def tobit(
    outputs: Tensor,
    targets: Tensor,
    bounds: Tensor | None,
    weights: Tensor | None,
    settings: ValueLoss,
) -> Tensor:
    """``-s^2 log P(what is known)`` of a normal distribution about the output, s the noise.

    The loss of an exact value is half the square (less a constant), as of a regression; of a bound
    ``-s^2 log Phi(+-(output - bound) / s)``, which is nearly 0 on the right side of it and half the
    square of the distance on the wrong one.

    References
    ----------
    Tobin, Econometrica 26 (1958) 24, with bounds that differ from cell to cell.
    """
    exact = half_square(outputs, targets, None, None, settings)
    if bounds is None:
        return exact
    side = bounds.to(outputs.dtype)
    inside = side * (outputs[..., 0] - targets) / settings.noise
    return torch.where(bounds == 0, exact, -(settings.noise**2) * log_normal_cdf(inside))


def log_normal_cdf(x: Tensor) -> Tensor:
    """``log Phi(x)``, its slope too exact in both tails.

    Below 0 it is ``-x^2 / 2 + log(erfcx(-x / sqrt 2) / 2)``: erfcx neither overflows nor vanishes
    there. ``torch.special.log_ndtr`` has a slope that drowns in rounding below about -100.
    """
    low, high = x.clamp_max(0), x.clamp_min(0)
    below = torch.log(torch.special.erfcx(-low / math.sqrt(2)) / 2) - low.square() / 2
    above = torch.log1p(-torch.special.erfc(high / math.sqrt(2)) / 2)
    return torch.where(x < 0, below, above)
