"""Experts that read fingerprints or descriptors: MLPs stacked in one weight per layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from bioassay_mtl.chem.representation import GraphSize, InputSize
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.dropout import ByteDropout
from bioassay_mtl.nn.experts.base import GroupConfig, activations, expert_kinds
from bioassay_mtl.nn.experts.stacked import StackedLinear
from bioassay_mtl.nn.inputs import InputLinear, Inputs


@expert_kinds.register("mlp")
class ExpertGroupConfig(GroupConfig):
    """MLPs that read the same fingerprints or descriptors.

    Parameters
    ----------
    inputs
        Names of the model's inputs, read side by side.
    n
        Number of experts.
    width
        Hidden units of every layer, and size H of the output.
    depth
        Number of layers; those after the first add to their input (residual).
    dropout
        Share of hidden units dropped in training, after every layer.
    activation
        Name in the registry of activations.
    learning_rate_factor
        Share of the run's learning rate at which these experts learn.
    """

    kind: Literal["mlp"] = "mlp"
    depth: Annotated[int, Field(ge=1)] = 1
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.5

    def build(self, sizes: Mapping[str, Any]) -> ExpertGroup:
        """A module from inputs to ``(B, E, H)``."""
        for name in self.inputs:
            if isinstance(sizes[name], GraphSize):
                raise ConfigError(
                    f"experts: kind 'mlp' reads no graph, and input {name!r} is one "
                    f"(known: {', '.join(sorted(expert_kinds))})"
                )
        return ExpertGroup(self, sizes)


class ExpertGroup(nn.Module):
    """``f_e(x) -> (B, H)`` for the E experts of one group, with no loop over experts.

    Parameters
    ----------
    config
        The group.
    sizes
        Size of every input of the model.
    """

    def __init__(self, config: ExpertGroupConfig, sizes: Mapping[str, InputSize]) -> None:
        super().__init__()
        self.config = config
        self.activation = activations[config.activation]
        read = {name: sizes[name] for name in config.inputs}
        self.first = InputLinear(read, config.n * config.width)
        self.first_bias = nn.Parameter(torch.zeros(config.n, config.width))
        self.layers = nn.ModuleList(
            StackedLinear(config.n, config.width, config.width) for _ in range(config.depth - 1)
        )
        self.dropout = ByteDropout(config.dropout)

    def forward(self, inputs: Inputs) -> Tensor:
        """``(B, E, H)``."""
        hidden: Tensor = self.first(inputs).unflatten(1, self.first_bias.shape) + self.first_bias
        if not torch.compiler.is_compiling() and torch.is_inference_mode_enabled():
            return self._predicted(hidden)
        hidden = self.dropout(self.activation(hidden))
        for layer in self.layers:
            hidden = hidden + self.dropout(self.activation(layer(hidden)))
        return hidden

    def _predicted(self, hidden: Tensor) -> Tensor:
        """The same, written over what no gradient needs: new memory costs more than a sum."""
        activation = torch.relu_ if self.activation is torch.relu else self.activation
        hidden = self.dropout(activation(hidden))
        for layer in self.layers:
            hidden = self.dropout(activation(layer(hidden))).add_(hidden)
        return hidden
