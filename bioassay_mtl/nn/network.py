"""Interface of every architecture, which models, balancers and training rely on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from bioassay_mtl.nn.inputs import Inputs
    from bioassay_mtl.nn.outputs import Outputs
    from bioassay_mtl.nn.towers import Tower


def n_weights(network: Network) -> int:
    """Numbers that a network has learned: its parameters, and the nodes of trees."""
    of_trees = sum(getattr(module, "n_learned", 0) for module in network.modules())
    return of_trees + sum(parameter.numel() for parameter in network.parameters())


class Network(Protocol):
    """A ``torch.nn.Module`` of T tasks, E experts of H units and O outputs.

    Attributes
    ----------
    connections
        ``(T, E) bool``: which experts are open to which task.
    width
        H.
    tower
        Map from the tasks' mixtures of experts to their outputs.
    outputs
        The O outputs by task.
    groups, gate
        Groups of experts, and what gives the mixing weights; an ensemble has none of its own.
    """

    connections: Tensor
    width: int
    tower: Tower
    outputs: Outputs
    groups: Any
    gate: Any
    training: bool

    def __call__(self, inputs: Inputs) -> Tensor:
        """``(B, O)`` outputs."""
        ...

    def experts(self, inputs: Inputs) -> Tensor:
        """``(B, E, H)`` outputs of the experts."""
        ...

    def mixing_weights(self, inputs: Inputs) -> Tensor:
        """``(B or 1, T, E)`` gates."""
        ...

    # What it has of torch.nn.Module.
    def parameters(self) -> Iterator[nn.Parameter]: ...
    def named_parameters(self) -> Iterator[tuple[str, nn.Parameter]]: ...
    def named_buffers(self) -> Iterator[tuple[str, Tensor]]: ...
    def modules(self) -> Iterator[nn.Module]: ...
    def named_modules(self) -> Iterator[tuple[str, nn.Module]]: ...
    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state_dict: Mapping[str, Any]) -> Any: ...
    def train(self, mode: bool = True) -> Any: ...
    def eval(self) -> Any: ...
    def to(self, device: str | torch.device) -> Any: ...
    def requires_grad_(self, requires_grad: bool = True) -> Any: ...
    def zero_grad(self) -> None: ...
