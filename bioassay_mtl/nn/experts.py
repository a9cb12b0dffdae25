"""Expert groups: MLPs that read the same inputs, stacked in one weight per layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated

import torch
from pydantic import AfterValidator, Field
from torch import Tensor, nn

from bioassay_mtl.config import Config
from bioassay_mtl.nn.dropout import ByteDropout
from bioassay_mtl.nn.inputs import InputLinear, Inputs
from bioassay_mtl.nn.products import StackedProduct
from bioassay_mtl.registry import Registry

activations: Registry[Callable[[Tensor], Tensor]] = Registry("activation")
activations.register("relu")(torch.relu)
activations.register("gelu")(nn.functional.gelu)
activations.register("silu")(nn.functional.silu)
activations.register("elu")(nn.functional.elu)


class ExpertGroupConfig(Config):
    """Experts of one kind that read the same inputs.

    Parameters
    ----------
    inputs
        Names of the model's inputs, read side by side.
    n
        Number of experts.
    width
        Hidden units of every layer, and size H of the output (equal in all groups of a model).
    depth
        Number of layers; those after the first add to their input (residual).
    dropout
        Share of hidden units dropped in training, after every layer.
    activation
        Name in the registry of activations.
    """

    inputs: tuple[str, ...]
    n: Annotated[int, Field(ge=1)] = 4
    width: Annotated[int, Field(ge=1)] = 512
    depth: Annotated[int, Field(ge=1)] = 1
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.5
    activation: Annotated[str, AfterValidator(activations.known)] = "relu"


class StackedLinear(nn.Module):
    """E independent linear layers of equal size, as one batched product.

    ``y_be = x_be W_e + b_e`` with ``W (E, H_in, H_out)``, each initialised as `torch.nn.Linear`.
    """

    def __init__(self, n_experts: int, n_inputs: int, n_outputs: int) -> None:
        super().__init__()
        self._product = StackedProduct()
        self.weight = nn.Parameter(torch.empty(n_experts, n_inputs, n_outputs))
        self.bias = nn.Parameter(torch.empty(n_experts, n_outputs))
        bound = n_inputs**-0.5
        nn.init.uniform_(self.weight, -bound, bound)
        nn.init.uniform_(self.bias, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, E, H_in) -> (B, E, H_out)``."""
        return self._product(x, self.weight).transpose(0, 1) + self.bias


class ExpertGroup(nn.Module):
    """``f_e(x) -> (B, H)`` for the E experts of one group, with no loop over experts.

    Parameters
    ----------
    config
        The group.
    n_features
        Columns of every input of the model.
    """

    def __init__(self, config: ExpertGroupConfig, n_features: Mapping[str, int]) -> None:
        super().__init__()
        self.config = config
        self.activation = activations[config.activation]
        read = {name: n_features[name] for name in config.inputs}
        self.first = InputLinear(read, config.n * config.width)
        self.first_bias = nn.Parameter(torch.zeros(config.n, config.width))
        self.layers = nn.ModuleList(
            StackedLinear(config.n, config.width, config.width) for _ in range(config.depth - 1)
        )
        self.dropout = ByteDropout(config.dropout)

    def forward(self, inputs: Inputs) -> Tensor:
        """``(B, E, H)``."""
        hidden: Tensor = self.first(inputs).unflatten(1, self.first_bias.shape) + self.first_bias
        hidden = self.dropout(self.activation(hidden))
        for layer in self.layers:
            hidden = hidden + self.dropout(self.activation(layer(hidden)))
        return hidden
