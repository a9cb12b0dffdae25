"""Panels of any architectures that share modules, whose use is searched while they train."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.network import Network
from bioassay_mtl.nn.reparameterized import (
    AlignmentSearch,
    Blocks,
    Hypermodules,
    ModuleConfig,
    Reparameterized,
)
from bioassay_mtl.nn.reparameterized.attached import Made, RowOptimizers
from bioassay_mtl.nn.reparameterized.layers import hidden_weights, slowest_factor
from bioassay_mtl.training.batches import seed_of
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.together.module_map import module_map
from bioassay_mtl.training.together.sharing import Joined, Sharing, sharings


@sharings.register("muir")
class SharedModules(Sharing, ModuleConfig):
    """Hidden layers are made of shared modules: see
    :class:`~bioassay_mtl.nn.reparameterized.settings.ModuleConfig`."""

    kind: Literal["muir"] = "muir"

    def settings(self, configs: Mapping[str, TrainingConfig]) -> dict[str, TrainingConfig]:
        for name, config in configs.items():
            if config.start_from is not None:
                raise ConfigError(
                    f"sharing: {name!r} starts from a trained model, whose hidden layers shared "
                    "modules would replace: leave out start_from, or share otherwise"
                )
        return dict(configs)

    def joined(
        self, networks: Mapping[str, Network], configs: Mapping[str, TrainingConfig], seed: int
    ) -> Joined:
        return JoinedModules(self, networks, seed)


class JoinedModules(Joined):
    """One pool of modules for the hidden layers of several networks."""

    def __init__(
        self,
        config: SharedModules,
        networks: Mapping[str, Network],
        seed: int,
        search: type[AlignmentSearch] = AlignmentSearch,
    ) -> None:
        weights = {name: _weights_of(name, net, config) for name, net in networks.items()}
        shapes = {
            f"{panel}: {name}": weight.shape
            for panel, found in weights.items()
            for name, weight in found.items()
        }
        self.blocks = Blocks.of(shapes, config.block)
        self.modules = _pool(config, self.blocks, seed).to(_device(networks))
        self.optimizers = RowOptimizers(self.modules)
        self.search = search(self.modules, config, seed, self.optimizers.forget)
        self._owners = {name: net.tower.owner.tolist() for name, net in networks.items()}
        self._names = {name: [*found] for name, found in weights.items()}
        self._made: dict[str, Reparameterized] = {}
        start = 0
        for name, found in weights.items():
            own = Blocks(tuple(tuple(w.shape) for w in found.values()), self.blocks.block)
            self._made[name] = Reparameterized(
                self.modules,
                self.optimizers,
                [*found.values()],
                own,
                start,
                soft_rate=config.soft_learning_rate,
                factor=slowest_factor(networks[name], config.layers),
            )
            self._made[name].write()
            start += len(own)

    def made(self, panel: str) -> Made:
        return self._made[panel]

    def step(self, number: int, n_steps: int) -> None:
        self.search.step(number, n_steps)

    def tensors(self) -> Iterator[tuple[str, Tensor]]:
        yield from self.modules.state_dict(keep_vars=True).items()
        for name, value in self.optimizers.state_dict().items():
            yield f"optimizers/{name}", value

    def state(self) -> dict[str, Any]:
        return {"history": self.search.history}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.search.history[:] = state["history"]
        self.modules.realign()

    def record(self, tasks: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """Record of the modules of each layer of each panel, and of how the search settled."""
        layers = [
            (panel, name, tuple(weight.shape))
            for panel, made in self._made.items()
            for name, weight in zip(self._names[panel], made.weights, strict=True)
        ]
        alignment = self.modules.alignment.cpu().numpy()
        owners = {
            panel: [f"{panel}: {tasks[panel][task]}" for task in owner]
            for panel, owner in self._owners.items()
        }
        return {
            "modules": module_map(alignment, layers, self.blocks, owners),
            "generations": self.search.history,
        }


def _weights_of(panel: str, network: Network, config: SharedModules) -> dict[str, nn.Parameter]:
    found = hidden_weights(network, config.layers)
    if not found:
        raise ConfigError(
            f"sharing: the network of {panel!r} has no hidden layers that could be made of modules "
            f"(layers: {', '.join(config.layers)}): give its experts depth 2 or more, or towers of "
            "kind mlp; or share otherwise"
        )
    return found


def _pool(config: SharedModules, blocks: Blocks, seed: int) -> Hypermodules:
    return Hypermodules(
        blocks.fan_in,
        blocks.block,
        math.ceil(config.pool * len(blocks)),
        config.contexts,
        config.challengers,
        torch.Generator().manual_seed(seed_of(seed, 0)),
    )


def _device(networks: Mapping[str, Network]) -> torch.device:
    return next(next(iter(networks.values())).parameters()).device
