"""Networks of decision trees alone: fitted, not trained by gradient, and else as any network.

They are fitted by :mod:`bioassay_mtl.training.trees`. Trees are held in integers, so that they
travel with the weights and no digit of a threshold is lost where weights are stored in half.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from bioassay_mtl.chem.representation import InputSize
from bioassay_mtl.nn.architectures.base import networks
from bioassay_mtl.nn.fitted.network import FittedNetwork
from bioassay_mtl.nn.fitted.settings import FittedConfig
from bioassay_mtl.nn.inputs import Inputs
from bioassay_mtl.nn.trees.links import forest_links
from bioassay_mtl.nn.trees.nodes import Trees, checked_trees
from bioassay_mtl.nn.trees.rows import tree_columns, tree_rows
from bioassay_mtl.nn.trees.settings import BoostedTreesConfig, ForestConfig
from bioassay_mtl.nn.trees.sums import TreeSums
from bioassay_mtl.tasks.kinds import TaskKind

_HELD = ("nodes", "starts", "output")


class TreeNetwork(FittedNetwork):
    """``output_o = c_o + sum_k leaf_k(x)`` of the trees k of each output: one expert, H = O.

    Parameters
    ----------
    config
        The architecture.
    sizes, tasks, kinds
        See any network.

    Raises
    ------
    ConfigError
        An input that is read is a graph, or is not there.
    """

    nodes: Tensor
    """``(N, 4) int32``, see :class:`~bioassay_mtl.nn.trees.nodes.Trees`."""
    starts: Tensor
    output: Tensor

    def __init__(
        self,
        config: FittedConfig,
        sizes: Mapping[str, InputSize],
        tasks: Sequence[str],
        kinds: Sequence[TaskKind] = (),
    ) -> None:
        super().__init__(config, sizes, tasks, kinds)
        self.n_columns = sum(tree_columns(sizes, config.inputs).values())
        self._hold(Trees.none())

    @property
    def trees(self) -> Trees:
        """All trees."""
        held = (getattr(self, name).cpu().numpy() for name in _HELD)
        return Trees(*held)

    @property
    def n_learned(self) -> int:
        """Thresholds and leaves: what an architecture of weights has parameters for."""
        return len(self.nodes)

    def grown(self, trees: Trees, intercept: Tensor) -> None:
        """Take what was fitted.

        Parameters
        ----------
        trees
            Their leaves sum to the outputs' means, before any link.
        intercept
            ``(O,)``: what is added to them.

        Raises
        ------
        ValueError
            These are no trees that can be evaluated.
        """
        self._hold(checked_trees(trees, self.n_columns, self.width))
        with torch.no_grad():
            self.intercept.copy_(intercept)

    def _hold(self, trees: Trees) -> None:
        device = self.intercept.device
        for name in _HELD:
            tensor = torch.from_numpy(getattr(trees, name)).to(device)
            self.register_buffer(name, tensor)
        self.__dict__.pop("_sums", None)

    @cached_property
    def _sums(self) -> TreeSums:
        return TreeSums(self.trees, self.n_columns, self.width)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_sums"}

    def leaves(self, inputs: Inputs) -> Tensor:
        """``(B, O)``: sums of leaves and intercepts, of a forest probabilities and values."""
        rows = tree_rows(inputs, self.sizes, self.inputs)
        sums = torch.from_numpy(self._sums(rows, torch.get_num_threads()))
        return sums.to(self.intercept.device) + self.intercept

    def experts(self, inputs: Inputs) -> Tensor:
        """``(B, 1, O)``: the outputs themselves."""
        return self.leaves(inputs)[:, None]

    def _load_from_state_dict(
        self, state_dict: Mapping[str, Any], prefix: str, *given: Any
    ) -> None:
        errors: list[str] = given[-1]
        held = [state_dict.get(prefix + name) for name in _HELD]
        if all(isinstance(tensor, Tensor) for tensor in held):
            try:
                trees = Trees(*(tensor.cpu().numpy() for tensor in held))  # type: ignore[union-attr]
                self._hold(checked_trees(trees, self.n_columns, self.width))
            except (TypeError, ValueError) as error:
                errors.append(f"{prefix}nodes: {error}")
                return
        super()._load_from_state_dict(state_dict, prefix, *given)


@networks.register("boosted_trees")
class BoostedTrees(TreeNetwork):
    """Gradient boosting of trees, for each output its own (Chen and Guestrin, KDD 2016)."""

    config_class = BoostedTreesConfig


@networks.register("forest")
class Forest(TreeNetwork):
    """Random forests, one for each task (Breiman 2001); probabilities become log-odds."""

    config_class = ForestConfig

    def __init__(
        self,
        config: ForestConfig,
        sizes: Mapping[str, InputSize],
        tasks: Sequence[str],
        kinds: Sequence[TaskKind] = (),
    ) -> None:
        super().__init__(config, sizes, tasks, kinds)
        for kind in {kind.kind for kind in self.outputs.kinds}:
            forest_links.known(kind)

    def experts(self, inputs: Inputs) -> Tensor:
        """``(B, 1, O)``: outputs, as heads read them."""
        means = self.leaves(inputs)
        found = torch.empty_like(means)
        for group in self.outputs.groups:
            linked = forest_links[group.kind].to_outputs(means[:, group.outputs.to(means.device)])
            found[:, group.outputs.flatten()] = linked.flatten(1)
        return found[:, None]
