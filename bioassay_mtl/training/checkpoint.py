"""What a killed run needs to go on to the same end: one safetensors file, written whole.

Weights, their average, the best weights so far, the balancer's state, the optimizer's moments, and
(as JSON in the file's header) the epoch, the scores and what was trained on what.
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

from bioassay_mtl.errors import ConfigError, InputError
from bioassay_mtl.nn.weights_file import write_weights, written
from bioassay_mtl.training.module import TrainingModule


@dataclass
class Best:
    """Early stopping: the best weights so far, and how long ago that was.

    Parameters
    ----------
    weights
        Averaged weights, in the order of the network's parameters.
    score
        On the validation rows, see :class:`bioassay_mtl.training.score.ValidationScore`.
    epoch
        Number of the epoch, from 1.
    """

    weights: list[Tensor]
    score: float = float("-inf")
    epoch: float = 0


def save_checkpoint(path: Path, module: TrainingModule, best: Best, identity: str) -> None:
    """Write the state after an epoch; an older checkpoint stays until the new one is whole."""
    tensors = dict(_tensors(module, best))
    header = {
        "identity": identity,
        "epoch": module.epoch + 1,
        "history": module.history,
        "best_score": best.score,
        "best_epoch": best.epoch,
    }
    with written(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_weights(
            path,
            {name: value.detach().contiguous() for name, value in tensors.items()},
            {"state": json.dumps(header)},
        )


def load_checkpoint(path: Path, module: TrainingModule, best: Best, identity: str) -> None:
    """Put a module, its optimizer and the early stopping back to the end of an epoch.

    Raises
    ------
    ConfigError
        The checkpoint is of another run: other settings, other rows or other labels.
    InputError
        The file is damaged.
    """
    device = str(module.train_rows.device)
    try:
        with safe_open(path, framework="pt", device=device) as file:
            header: dict[str, Any] = json.loads(file.metadata()["state"])
            if header["identity"] != identity:
                raise ConfigError(
                    f"{path} is of a run with other settings or other data; "
                    "train into another folder, or repeat the first settings"
                )
            # The optimizer makes its moments at its first step: here they are made for it.
            for parameter, state in _optimizer_states(module):
                state.setdefault("step", torch.zeros((), device=device))
                state.setdefault("exp_avg", torch.zeros_like(parameter))
                state.setdefault("exp_avg_sq", torch.zeros_like(parameter))
            with torch.no_grad():
                for name, tensor in _tensors(module, best):
                    tensor.copy_(file.get_tensor(name))
    except (SafetensorError, KeyError, ValueError) as error:
        raise InputError(f"the checkpoint cannot be read: {error}", file=path) from error
    module.first_epoch, module.history = header["epoch"], header["history"]
    best.score, best.epoch = header["best_score"], header["best_epoch"]


def _tensors(module: TrainingModule, best: Best) -> Iterator[tuple[str, Tensor]]:
    names = [name for name, _ in module.network.named_parameters()]
    for kind, tensors in (
        ("weight", module.network.parameters()),
        ("average", module.average.average),
        ("best", best.weights),
    ):
        for name, tensor in zip(names, tensors, strict=True):
            yield f"{kind}/{name}", tensor
    for name, tensor in module.balancer.state_dict().items():
        yield f"balancer/{name}", tensor
    for number, (_, state) in enumerate(_optimizer_states(module)):
        for key, tensor in sorted(state.items()):
            yield f"optimizer/{number}/{key}", tensor


def _optimizer_states(module: TrainingModule) -> Iterator[tuple[Tensor, dict[str, Tensor]]]:
    optimizer = module.trainer.optimizers[0]
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            yield parameter, optimizer.state[parameter]
