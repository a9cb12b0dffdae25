"""A linear model of fingerprints and descriptors, for each output its own: fitted whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from bioassay_mtl.chem.representation import InputSize
from bioassay_mtl.config import Config
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.architectures.base import networks
from bioassay_mtl.nn.fitted.network import FittedNetwork
from bioassay_mtl.nn.fitted.settings import LinearConfig
from bioassay_mtl.nn.inputs import InputLinear, Inputs, check_dense
from bioassay_mtl.tasks.kinds import TaskKind


@networks.register("linear")
class Linear(FittedNetwork):
    """``output_o = c_o + w_o . x``, logistic, ordinal, multinomial or ridge regression.

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

    config_class: type[Config] = LinearConfig

    def __init__(
        self,
        config: LinearConfig,
        sizes: Mapping[str, InputSize],
        tasks: Sequence[str],
        kinds: Sequence[TaskKind] = (),
    ) -> None:
        super().__init__(config, sizes, tasks, kinds)
        for name in config.inputs:
            if name not in sizes:
                raise ConfigError(f"unknown input {name!r}; the model has {sorted(sizes)}")
        check_dense(self.sizes)
        self.product = InputLinear(self.sizes, self.width)

    def weigh(self, weights: Mapping[str, Tensor], intercept: Tensor) -> None:
        """Take what was fitted: weights ``(F, O)`` of each input, and ``(O,)`` what is added."""
        with torch.no_grad():
            for name, table in self.product.tables.items():
                table.copy_(weights[name])
            self.intercept.copy_(intercept)

    def experts(self, inputs: Inputs) -> Tensor:
        """``(B, 1, O)``: the outputs themselves."""
        product: Tensor = self.product(inputs)
        return (product + self.intercept)[:, None]
