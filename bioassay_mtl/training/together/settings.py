"""Settings of a training of several panels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, SerializeAsAny, field_validator

from bioassay_mtl.config import Config, Setting, given_as
from bioassay_mtl.training.together.balance import balance_of_panels
from bioassay_mtl.training.together.sharing import Sharing, sharing_config

Alternation = Literal["proportional", "square_root", "equal"]


class TogetherConfig(Config):
    """Settings of panels that are trained together; settings of each panel's own run are beside it.

    Parameters
    ----------
    sharing
        Kind of sharing among panels: ``none``, ``trunk``, ``mmoeex``, ``adapters`` or ``muir``, or
        settings by ``kind``.
    alternation
        Alternation of the steps of a round among panels: in proportion to their batches
        (``proportional``: each row once a round), to the ``square_root`` of these, or ``equal``. A
        round has as many steps whatever the rule.
    balance
        Balancer of the losses of panels, which gives their factors: ``sum`` (all 1), ``dwa`` or
        ``lbtw``, or settings by ``kind``, with panels in place of tasks and rounds of epochs.
    panel_weights
        Further factors of the losses of panels, by name; 1 of those that are not named.
    apart
        Whether molecules of a panel's test rows are kept out of the training rows of all others.
    seed
        Seed of what is shared.
    """

    sharing: Setting[SerializeAsAny[Sharing], Sharing | Mapping[str, Any] | str] = given_as(
        "adapters"
    )
    alternation: Alternation = "square_root"
    balance: Setting[SerializeAsAny[Config], Config | Mapping[str, Any] | str] = given_as("sum")
    panel_weights: dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]] = Field(
        default_factory=dict
    )
    apart: bool = True
    seed: Annotated[int, Field(ge=0)] = 0

    @field_validator("balance", mode="before")
    @classmethod
    def _known_balancer(cls, value: Any) -> Config:
        return balance_of_panels(value)

    @field_validator("sharing", mode="before")
    @classmethod
    def _known_sharing(cls, value: Any) -> Sharing:
        return sharing_config(value)
