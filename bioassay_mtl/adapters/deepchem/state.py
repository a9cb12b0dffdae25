"""State of learning, beside the weights of a model folder: one safetensors file.

The optimizer's moments and the balancer's state, and (as JSON in the header) how far they got.
Nothing of it can run code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from bioassay_mtl.adapters.deepchem.learner import Learner
from bioassay_mtl.errors import ConfigError, ModelFolderError
from bioassay_mtl.models.weights_file import write_weights
from bioassay_mtl.training.warm_start import sha256_of

FILE = "learning.safetensors"
"""Name of the file in a checkpoint's folder."""

_BALANCER, _OPTIMIZER = "balancer/", "optimizer/"
_COUNTS = ("step", "epoch", "n_batches")


@dataclass(frozen=True)
class State:
    """State of a learner, as it was read.

    Parameters
    ----------
    header
        Numbers of steps and epochs, and the kind of the optimizer.
    tensors
        Tensors by name.
    """

    header: dict[str, Any]
    tensors: dict[str, Tensor]

    @property
    def step(self) -> int:
        """Steps that were taken."""
        return int(self.header["step"])

    @staticmethod
    def read(folder: Path) -> State | None:
        """State of a checkpoint; None where there is only a model.

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
                tensors = {name: file.get_tensor(name) for name in sorted(file.keys())}
            if header.pop("sha256") != _digest(header, tensors):
                raise ValueError("its content was altered")
        except (SafetensorError, KeyError, ValueError, TypeError) as error:
            raise ModelFolderError(f"{path} is damaged: {error}") from error
        return State(header, tensors)

    @staticmethod
    def of(learner: Learner) -> State:
        """State of a learner."""
        counts = {count: getattr(learner, count) for count in _COUNTS}
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in _tensors(learner)}
        return State({"optimizer": _kind(learner), **counts}, dict(sorted(tensors.items())))

    def write(self, folder: Path) -> None:
        """Write it into a checkpoint's folder."""
        header = {**self.header, "sha256": _digest(self.header, self.tensors)}
        write_weights(folder / FILE, self.tensors, {"state": json.dumps(header)})

    def put(self, learner: Learner) -> None:
        """Put a learner of the same network back to where it was.

        An optimizer of another kind than was kept begins anew.

        Raises
        ------
        ConfigError
            The balancer is another.
        """
        if {*self._part(_BALANCER)} != {*learner.balancer.state_dict()}:
            raise ConfigError(
                "the checkpoint is of a model with another setting balance: set that, or take the "
                "weights alone: load_from_pretrained(source)"
            )
        learner.balancer.load_state_dict(self._part(_BALANCER))
        if self.header["optimizer"] == _kind(learner):
            for name, parameter in _parameters(learner):
                for key, value in self._part(f"{_OPTIMIZER}{name}/").items():
                    # Counts of steps stay where the optimizer has them, a fused one's beside it.
                    place = parameter.device if value.dim() or _is_fused(learner) else value.device
                    learner.optimizer.state[parameter][key] = value.clone().to(place)
        for count in _COUNTS:
            setattr(learner, count, self.header[count])

    def _part(self, prefix: str) -> dict[str, Tensor]:
        """Tensors whose names begin so, by the rest of these."""
        return {
            name.removeprefix(prefix): tensor
            for name, tensor in self.tensors.items()
            if name.startswith(prefix)
        }


def _digest(header: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> str:
    names = {name: list(tensor.shape) for name, tensor in tensors.items()}
    text = json.dumps([dict(header), names], sort_keys=True)
    return hashlib.sha256((text + sha256_of(tensors)).encode()).hexdigest()


def _kind(learner: Learner) -> str:
    return type(learner.optimizer).__name__


def _is_fused(learner: Learner) -> bool:
    return bool(learner.optimizer.defaults.get("fused"))


def _parameters(learner: Learner) -> Iterator[tuple[str, Tensor]]:
    yield from learner.network.named_parameters()
    for name, parameter in learner.balancer.named_parameters():
        yield f"{_BALANCER}{name}", parameter


def _tensors(learner: Learner) -> Iterator[tuple[str, Tensor]]:
    for name, tensor in learner.balancer.state_dict().items():
        yield f"{_BALANCER}{name}", tensor
    for name, parameter in _parameters(learner):
        for key, value in learner.optimizer.state[parameter].items():
            if isinstance(value, Tensor):
                yield f"{_OPTIMIZER}{name}/{key}", value
