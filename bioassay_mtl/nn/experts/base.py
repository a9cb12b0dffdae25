"""The contract of a group of experts: its settings, and how they become a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import torch
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SerializeAsAny,
    SerializerFunctionWrapHandler,
    model_serializer,
)
from torch import Tensor, nn

from bioassay_mtl.config import Config
from bioassay_mtl.registry import Registry, class_of, settings_of

activations: Registry[Callable[[Tensor], Tensor]] = Registry("activation")
activations.register("relu")(torch.relu)
activations.register("gelu")(nn.functional.gelu)
activations.register("silu")(nn.functional.silu)
activations.register("elu")(nn.functional.elu)


class GroupConfig(Config):
    """Experts of one kind that read the same inputs; a kind says how they are built.

    Parameters
    ----------
    kind
        Name in the registry of experts.
    inputs
        Names of the model's inputs.
    n
        Number of experts E.
    width
        Size H of the output.
    activation
        Name in the registry of activations.
    learning_rate_factor
        Share of the run's learning rate at which these experts learn.
    """

    kind: str
    inputs: tuple[str, ...]
    n: Annotated[int, Field(ge=1)] = 4
    width: Annotated[int, Field(ge=1)] = 512
    activation: Annotated[str, AfterValidator(activations.known)] = "relu"
    learning_rate_factor: Annotated[float, Field(gt=0)] = 1.0

    def build(self, sizes: Mapping[str, Any]) -> nn.Module:
        """A module from inputs to ``(B, E, H)``.

        Parameters
        ----------
        sizes
            Size of every input of the model: see :attr:`Representation.input_size`.
        """
        raise NotImplementedError

    @model_serializer(mode="wrap")
    def _with_kind(self, settings: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Where defaults are left out, the kind must still tell whose they are.
        return {"kind": self.kind, **settings(self)}


expert_kinds: Registry[type[GroupConfig]] = Registry(
    "kind of experts", "experts", class_of("bioassay_mtl.nn.experts:GroupConfig")
)


def group_config(values: str | Mapping[str, Any] | GroupConfig) -> GroupConfig:
    """Validate the settings of a group by their ``kind``; without one they are of an MLP."""
    return settings_of(expert_kinds, values, "mlp")


def _within_settings(values: Any) -> GroupConfig:
    if isinstance(values, Mapping):  # faults keep their whole path
        return expert_kinds[values.get("kind", "mlp")].model_validate(dict(values))
    return group_config(values)


AnyGroup = Annotated[SerializeAsAny[GroupConfig], BeforeValidator(_within_settings)]
"""A group of any kind, as a setting."""
