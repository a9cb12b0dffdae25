"""Groups that are fitted whole: settings beside those of other experts, for gates fitted later."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.experts.base import GroupConfig, expert_kinds
from bioassay_mtl.nn.fitted.settings import FittedConfig, LinearConfig, LinearSettings
from bioassay_mtl.nn.trees.settings import (
    BoostedTreesConfig,
    BoostedTreesSettings,
    ForestConfig,
    ForestSettings,
)

NETWORKS: dict[str, type[FittedConfig]] = {
    "boosted_trees": BoostedTreesConfig,
    "forest": ForestConfig,
    "linear": LinearConfig,
}
"""Network of a group by itself, by kind of group."""


class FittedGroupConfig(GroupConfig):
    """A group of one expert that is fitted on its own: its vector is that of all its outputs.

    Parameters
    ----------
    kind, inputs
        See any group.
    n, width, activation, learning_rate_factor
        Settings that such an expert does not have: nothing but the defaults may be set.
    """

    n: Annotated[int, Field(ge=1)] = 1

    @model_validator(mode="after")
    def _no_other(self) -> FittedGroupConfig:
        for name in ("n", "width", "activation", "learning_rate_factor"):
            if getattr(self, name) != type(self).model_fields[name].default:
                raise ValueError(f"{self.kind} has no setting {name}: leave it out")
        return self

    def build(self, sizes: Any) -> Any:
        """Not with others: it has no gradient to be trained together by."""
        raise ConfigError(
            f"experts: kind {self.kind!r} is fitted on its own, and not trained together with "
            "others: set network.gate.kind to stacked, which weighs experts that were fitted each "
            f"on its own, or network.kind to {self.kind}, to have it alone"
        )


@expert_kinds.register("boosted_trees")
class BoostedTreesGroup(BoostedTreesSettings, FittedGroupConfig):
    """Boosted trees beside other experts."""

    kind: Literal["boosted_trees"] = "boosted_trees"


@expert_kinds.register("forest")
class ForestGroup(ForestSettings, FittedGroupConfig):
    """A forest beside other experts."""

    kind: Literal["forest"] = "forest"


@expert_kinds.register("linear")
class LinearGroup(LinearSettings, FittedGroupConfig):
    """A linear model beside other experts."""

    kind: Literal["linear"] = "linear"


def fitted_network(group: GroupConfig) -> FittedConfig:
    """The network alone that a group of experts stands for."""
    config = NETWORKS[group.kind]
    values = group.model_dump(exclude_unset=True)
    return config.of({name: values[name] for name in config.model_fields if name in values})
