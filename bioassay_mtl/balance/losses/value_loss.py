"""Settings of the losses of values."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bioassay_mtl.config import Config


class ValueLoss(Config):
    """How far off a predicted value may be; all in standard deviations of the task's values.

    Parameters
    ----------
    huber
        Beyond this, the loss of an exact value grows in proportion to the error (Huber 1964), so
        that outliers pull less; None for squares everywhere.
    noise
        Standard deviation of a measurement about the prediction, in the Tobit likelihood of bounds:
        how sharp they are. It is fixed: learned, it would shrink as training rows are fitted, and
        losses below 0 would follow, which balancers that compare losses cannot use.
    """

    huber: Annotated[float, Field(gt=0)] | None = None
    noise: Annotated[float, Field(gt=0)] = 0.5
