"""Settings of networks that are fitted; those of trees are beside the trees."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bioassay_mtl.config import Config


class FittedConfig(Config):
    """Architecture of a network that is fitted.

    Parameters
    ----------
    kind
        Name in the registry of networks.
    inputs
        Names of the inputs that are read, side by side: fingerprints and descriptors.
    """

    kind: str
    inputs: Annotated[tuple[str, ...], Field(min_length=1)]


class LinearSettings(Config):
    """A linear model with a penalty on its weights.

    Parameters
    ----------
    l2
        Penalty: half of it times the squares of the weights is added to the sum of all rows'
        losses, of values half their squared errors in standard units.
    """

    l2: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 30.0


class LinearConfig(LinearSettings, FittedConfig):
    """Architecture of :class:`~bioassay_mtl.nn.architectures.linear.Linear`."""

    kind: Literal["linear"] = "linear"
