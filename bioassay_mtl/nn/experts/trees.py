"""Groups of trees: settings beside those of other experts, for gates that are fitted afterwards."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import model_validator

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.experts.base import GroupConfig, expert_kinds
from bioassay_mtl.nn.trees.settings import (
    TREE_NETWORKS,
    BoostedTreesSettings,
    Count,
    ForestSettings,
    TreesConfig,
)


class TreeGroupConfig(GroupConfig):
    """A group of one expert that is fitted on its own: its vector is that of all its outputs.

    Parameters
    ----------
    kind, inputs
        As of any group.
    n, width, activation, learning_rate_factor
        What trees have none of, and nothing but the defaults may be set.
    """

    n: Count = 1

    @model_validator(mode="after")
    def _no_other(self) -> TreeGroupConfig:
        for name in ("n", "width", "activation", "learning_rate_factor"):
            if getattr(self, name) != type(self).model_fields[name].default:
                raise ValueError(f"{self.kind} has no setting {name}: leave it out")
        return self

    def build(self, sizes: Any) -> Any:
        """Not with others: trees have no gradient to be trained together by."""
        raise ConfigError(
            f"experts: kind {self.kind!r} is fitted on its own, and not trained together with "
            "others: set network.gate.kind to stacked, which weighs experts that were fitted each "
            f"on its own, or network.kind to {self.kind}, for trees alone"
        )


@expert_kinds.register("boosted_trees")
class BoostedTreesGroup(BoostedTreesSettings, TreeGroupConfig):
    """Boosted trees beside other experts."""

    kind: Literal["boosted_trees"] = "boosted_trees"


@expert_kinds.register("forest")
class ForestGroup(ForestSettings, TreeGroupConfig):
    """A forest beside other experts."""

    kind: Literal["forest"] = "forest"


def tree_network(group: GroupConfig) -> TreesConfig:
    """The network of trees alone that a group of experts stands for."""
    config = TREE_NETWORKS[group.kind]
    values = group.model_dump(exclude_unset=True)
    return config.of({name: values[name] for name in config.model_fields if name in values})
