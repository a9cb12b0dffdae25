"""What learning goes on with, beside the weights of a model folder: one safetensors file.

The optimizer's moments and the balancer's state, and (as JSON in the header) how far they got.
Nothing of it can run code.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from bioassay_mtl.adapters.deepchem.learner import Learner
from bioassay_mtl.errors import ConfigError, ModelFolderError
from bioassay_mtl.nn.weights_file import write_weights

FILE = "learning.safetensors"
"""In a checkpoint's folder."""

_COUNTS = ("step", "epoch", "n_batches")


@dataclass(frozen=True)
class State:
    """As it was read.

    Parameters
    ----------
    header
        Numbers of steps and epochs, and the kind of the optimizer.
    tensors
        By name.
    """

    header: dict[str, Any]
    tensors: dict[str, Tensor]

    @property
    def step(self) -> int:
        """Steps that were taken."""
        return int(self.header["step"])

    @staticmethod
    def read(folder: Path) -> State | None:
        """That of a checkpoint; None where there is only a model.

        Raises
        ------
        ModelFolderError
            The file is damaged.
        """
        path = folder / FILE
        if not path.exists():
            return None
        try:
            with safe_open(path, framework="pt") as file:
                header = json.loads(file.metadata()["state"])
                return State(header, {name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
        except (SafetensorError, KeyError, ValueError, TypeError) as error:
            raise ModelFolderError(f"{path} is damaged: {error}") from error

    @staticmethod
    def of(learner: Learner) -> State:
        """That of a learner."""
        counts = {count: getattr(learner, count) for count in _COUNTS}
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in _tensors(learner)}
        return State({"optimizer": _kind(learner), **counts}, tensors)

    def write(self, folder: Path) -> None:
        """Write it into a checkpoint's folder."""
        write_weights(folder / FILE, self.tensors, {"state": json.dumps(self.header)})

    def put(self, learner: Learner) -> None:
        """Put a learner of the same network back to where it was.

        An optimizer of another kind than was kept begins anew.

        Raises
        ------
        ConfigError
            The network, or the balancer, is another.
        """
        same = self.header["optimizer"] == _kind(learner)
        if same:
            self._make_moments(learner)
        try:
            with torch.no_grad():
                for name, tensor in _tensors(learner):
                    if same or not name.startswith("optimizer/"):
                        tensor.copy_(self.tensors[name])
        except (KeyError, RuntimeError) as error:
            raise ConfigError(
                f"the checkpoint is of a model with other settings: {error}"
            ) from error
        for count in _COUNTS:
            setattr(learner, count, self.header[count])

    def _make_moments(self, learner: Learner) -> None:
        """What an optimizer makes at its first step, of the shapes that were kept."""
        for number, parameter in enumerate(_parameters(learner)):
            prefix = f"optimizer/{number}/"
            for name, tensor in self.tensors.items():
                if name.startswith(prefix):
                    held = tensor.clone().to(tensor.device if tensor.dim() == 0 else learner.device)
                    learner.optimizer.state[parameter][name.removeprefix(prefix)] = held


def _kind(learner: Learner) -> str:
    return type(learner.optimizer).__name__


def _parameters(learner: Learner) -> Iterator[Tensor]:
    for group in learner.optimizer.param_groups:
        yield from group["params"]


def _tensors(learner: Learner) -> Iterator[tuple[str, Tensor]]:
    for name, tensor in learner.balancer.state_dict().items():
        yield f"balancer/{name}", tensor
    for number, parameter in enumerate(_parameters(learner)):
        for key, value in sorted(learner.optimizer.state[parameter].items()):
            if isinstance(value, Tensor):
                yield f"optimizer/{number}/{key}", value
