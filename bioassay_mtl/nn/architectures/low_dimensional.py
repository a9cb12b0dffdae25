"""Each task its own network, in a subspace of few dimensions (arXiv 2501.19067).

A mixture of experts mixes what experts say, a task at a time; here the weights of one network are
mixed: ``theta_t = theta_0 + Q a_t``. The first layer, which has nearly all weights, is linear in
them, so that its products with theta_0 and with the k directions of Q are formed once for all
tasks, and no task's table ever is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from bioassay_mtl.chem.representation import GraphSize, InputSize
from bioassay_mtl.config import Config
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.architectures.base import networks
from bioassay_mtl.nn.coding import Code
from bioassay_mtl.nn.inputs import Inputs, product_with_tables
from bioassay_mtl.nn.low_dimensional.layout import Layout
from bioassay_mtl.nn.low_dimensional.settings import LowDimensionalConfig
from bioassay_mtl.nn.low_dimensional.space import Space
from bioassay_mtl.nn.low_dimensional.tower import LowDimensionalTower
from bioassay_mtl.nn.outputs import as_outputs
from bioassay_mtl.tasks.kinds import TaskKind


@networks.register("low_dimensional")
class LowDimensional(nn.Module):
    """``output_o = head_o(MLP(x; theta_t)) + c_o``, ``theta_t = theta_0 + Q a_t``.

    It has one expert, whose vector is that of the products of the first layer: with theta_0 and the
    k directions, or where tasks share nothing with the weights of each task.

    Parameters
    ----------
    config
        The architecture.
    sizes, tasks, kinds
        See any network.

    Raises
    ------
    ConfigError
        An input is a graph, or is not there; there are more numbers than weights.
    """

    config_class: type[Config] = LowDimensionalConfig
    code: Code | None = None
    """Code of its learned numbers, where these are coded: a folder keeps it in their place."""
    connections: Tensor

    def __init__(
        self,
        config: LowDimensionalConfig,
        sizes: Mapping[str, InputSize],
        tasks: Sequence[str],
        kinds: Sequence[TaskKind] = (),
    ) -> None:
        super().__init__()
        for name in config.inputs:
            if name not in sizes:
                raise ConfigError(f"unknown input {name!r}; the model has {sorted(sizes)}")
        read = {name: sizes[name] for name in config.inputs}
        _check_tables(read)
        self.config = config
        self.outputs = as_outputs(kinds, len(tasks))
        layout = Layout(read, config.width, config.depth, max(self.outputs.counts))
        self.space = Space(config, layout, len(tasks))
        self.groups, self.gate = nn.ModuleList(), nn.Module()
        self.tower = LowDimensionalTower(self.outputs, self.space)
        self.width = config.width * (1 + config.coordinates if config.shares else len(tasks))
        connections = torch.ones(len(tasks), 1, dtype=torch.bool)
        self.register_buffer("connections", connections, persistent=False)

    @property
    def coded_names(self) -> tuple[str, ...]:
        """Learned numbers, and the thresholds, by their names in the state; in a fixed order."""
        learned = dict.fromkeys(name for name, _ in self.named_parameters())
        return (*learned, "tower.threshold")

    def experts(self, inputs: Inputs) -> Tensor:
        """``(B, 1, n H)``: products of the first layer."""
        lower = self.space.points(self.tower.given)[:, : self.space.layout.n_lower]
        return product_with_tables(inputs, self.space.layout.tables_of(lower))[:, None]

    def mixing_weights(self, inputs: Inputs) -> Tensor:
        """``(1, T, 1)``: 1, as for any one expert."""
        return self.connections[None].to(self.tower.bias.dtype)

    def forward(self, inputs: Inputs) -> Tensor:
        """``(B, O)``."""
        outputs: Tensor = self.tower(self.experts(inputs), self.mixing_weights(inputs))
        return outputs


def _check_tables(sizes: Mapping[str, InputSize]) -> None:
    """See that the first layer is linear in the inputs."""
    if graphs := [repr(name) for name, size in sizes.items() if isinstance(size, GraphSize)]:
        raise ConfigError(
            f"a low_dimensional network cannot read molecular graphs ({', '.join(graphs)}): the "
            "weights of a graph expert stand between its steps, so that each task would pass all "
            "messages anew. Of fingerprints and descriptors one product serves all tasks: choose "
            "those as network.inputs"
        )
