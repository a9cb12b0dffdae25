"""Parameters of one task alone: its tower and its own part of the gate."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from bioassay_mtl.nn.inputs import InputLinear


def input_layers(network: Any) -> list[InputLinear]:
    """All layers that read the network's inputs."""
    return [module for module in network.modules() if isinstance(module, InputLinear)]


def own_layers(network: Any) -> list[InputLinear]:
    """Layers of the gate that read inputs, with columns that belong to one task each."""
    return [
        module
        for name, module in network.gate.named_modules()
        if isinstance(module, InputLinear) and not f"{name}.".startswith(network.gate.shared)
    ]


def own_parameters(network: Any) -> dict[str, Tensor]:
    """Parameters whose entries belong to one task each, by name, without tables of layers."""
    gate, tower = network.gate, network.tower
    tables = {id(table) for layer in own_layers(network) for table in layer.parameters()}
    own = {f"tower.{name}": parameter for name, parameter in tower.named_parameters()}
    for name, parameter in gate.named_parameters():
        if not name.startswith(gate.shared) and id(parameter) not in tables:
            own[f"gate.{name}"] = parameter
    return own


def shared_parameters(network: Any) -> dict[str, Tensor]:
    """The other parameters, by name, again without tables of layers."""
    left_out = {id(parameter) for parameter in own_parameters(network).values()}
    left_out |= {id(t) for layer in input_layers(network) for t in layer.parameters()}
    return {n: p for n, p in network.named_parameters() if id(p) not in left_out}


def own_buffers(network: Any) -> dict[str, Tensor]:
    """Buffers with a row for each task, by name."""
    buffers = {f"gate.{name}": buffer for name, buffer in network.gate.named_buffers()}
    return {"connections": network.connections, **buffers}


def of_tasks(name: str, tensor: Tensor, tasks: Tensor, network: Any) -> Tensor:
    """Entries of some tasks, ``(C, ...)``: for each, a tensor of a network with that task alone.

    All of them have equally many outputs.
    """
    if not name.startswith("tower."):
        return tensor.index_select(0, tasks).unsqueeze(1)
    axis: int = network.tower.task_axis % tensor.dim()
    outputs: Tensor = network.outputs.of(tasks)
    some: Tensor = tensor.index_select(axis, outputs.flatten()).unflatten(axis, outputs.shape)
    return some.movedim(axis, 0)


def columns_of_tasks(product: Tensor, tasks: Tensor, n_tasks: int) -> Tensor:
    """``(B, T * n)`` of a layer with own columns, to ``(C, B, n)`` of some tasks."""
    by_task: Tensor = product.unflatten(1, (n_tasks, -1))
    return by_task.index_select(1, tasks).movedim(1, 0)
