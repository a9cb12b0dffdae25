"""Checkpoint with which a killed run goes on to the same end: one safetensors file, whole.

Weights, their average, the best weights so far, the balancer's state, the optimizer's moments, and
(as JSON in the file's header) the scores of all epochs so far and what was trained on what.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from bioassay_mtl.errors import ConfigError, InputError
from bioassay_mtl.models.weights_file import write_weights, written
from bioassay_mtl.training.module import TrainingModule

FORMAT = 2
"""Format of the file: a run that another format's version began went another way."""
AT_LEAST, SHARE = 1.0, 0.05
"""Seconds between two checkpoints, and the share of all time that writing them may take."""


@dataclass
class Best:
    """Early stopping: the best weights so far, and how long ago that was.

    Parameters
    ----------
    weights
        Averaged weights, in the order of the network's parameters.
    score
        Score on the validation rows, see :class:`bioassay_mtl.training.score.ValidationScore`.
    epoch
        Number of the epoch, from 1.
    """

    weights: list[Tensor]
    score: float = float("-inf")
    epoch: float = 0

    @classmethod
    def of(cls, module: TrainingModule) -> Best:
        """Best at the start of a run; without validation rows the last weights are the best."""
        average = module.average
        return cls(average.state() if len(module.valid_rows) else average.average)

    def judge(self, module: TrainingModule) -> None:
        """Take the weights of the epoch that has ended, if they are better."""
        record = module.history[-1]
        score = record.get(module.score.name)
        if score is None:
            self.epoch = record["epoch"]
        elif score > self.score:
            torch._foreach_copy_(self.weights, module.average.average)
            self.score, self.epoch = score, record["epoch"]

    def ends(self, module: TrainingModule) -> bool:
        """Whether the run is over."""
        settings, done = module.settings, module.epoch
        return done >= settings.epochs or done - self.epoch >= settings.patience


class Checkpoint:
    """The state of a run on the disk: seldom enough to cost little, often enough to lose little.

    Whichever epoch is there, a run that goes on from it ends as one that was never interrupted.

    Parameters
    ----------
    path
        Path of the file; None for none.
    identity
        Identity of the run: settings and data.
    writes
        Whether this rank writes it; all read it.
    clock
        Seconds since any time.
    """

    def __init__(
        self,
        path: Path | None,
        identity: str,
        *,
        writes: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path, self._identity, self._clock = path, identity, clock
        self._writes = writes
        self._due = float("-inf")
        self._held = -1

    def _write(self, path: Path, module: Any, best: Any) -> None:
        save_checkpoint(path, module, best, self._identity)

    def _read(self, path: Path, module: Any, best: Any) -> None:
        load_checkpoint(path, module, best, self._identity)

    def load(self, module: Any, best: Any) -> None:
        """Go on from what is there, if anything is: see :func:`load_checkpoint`."""
        if self._path is not None and self._path.exists():
            self._read(self._path, module, best)
            self._held = module.epoch

    def keep(self, module: Any, best: Any) -> None:
        """Write the state after an epoch: the first, the last, and in between when it is time."""
        if self._path is None or not self._writes or self._held == module.epoch:
            return
        start = self._clock()
        if start < self._due and not best.ends(module):
            return
        self._write(self._path, module, best)
        end = self._clock()
        self._held, self._due = module.epoch, end + max(AT_LEAST, (end - start) / SHARE)

    def discard(self) -> None:
        """Remove the file."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)


def save_checkpoint(path: Path, module: TrainingModule, best: Best, identity: str) -> None:
    """Write the state after an epoch; an older checkpoint stays until the new one is whole."""
    tensors = dict(tensors_of(module, best))
    header = {
        "format": FORMAT,
        "identity": identity,
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
        The checkpoint is of another run (other settings, other rows or other labels), or of
        another version of this package.
    InputError
        The file is damaged.
    """
    device = str(module.train_rows.device)
    try:
        with safe_open(path, framework="pt", device=device) as file:
            header: dict[str, Any] = json.loads(file.metadata()["state"])
            check_header(path, header, identity)
            make_moments(module)
            with torch.no_grad():
                for name, tensor in tensors_of(module, best):
                    tensor.copy_(file.get_tensor(name))
    except (SafetensorError, KeyError, ValueError) as error:
        raise InputError(f"the checkpoint cannot be read: {error}", file=path) from error
    module.history = header["history"]
    best.score, best.epoch = header["best_score"], header["best_epoch"]


def check_header(path: Path, header: Mapping[str, Any], identity: str) -> None:
    """Raise a ConfigError unless a checkpoint is of this run, and of this version."""
    if header.get("format") != FORMAT:
        raise ConfigError(
            f"{path} was begun by another version of bioassay_mtl, which trained otherwise: end it "
            "there, or remove it and train anew"
        )
    if header["identity"] != identity:
        raise ConfigError(
            f"{path} is of a run with other settings or other data; "
            "train into another folder, or repeat the first settings"
        )


def make_moments(module: TrainingModule) -> None:
    """Make what the optimizer would make at its first step."""
    for parameter, state in _optimizer_states(module):
        state.setdefault("step", torch.zeros((), device=parameter.device))
        state.setdefault("exp_avg", torch.zeros_like(parameter))
        state.setdefault("exp_avg_sq", torch.zeros_like(parameter))


def tensors_of(module: TrainingModule, best: Best) -> Iterator[tuple[str, Tensor]]:
    """All that a checkpoint keeps of a run, by name; to restore it, each is copied into."""
    names = [name for name, _ in module.network.named_parameters()]
    average = module.average.average
    kinds = {"weight": list(module.network.parameters()), "average": average}
    if best.weights is not average:
        kinds["best"] = best.weights
    for kind, tensors in kinds.items():
        for name, tensor in zip(names, tensors, strict=True):
            yield f"{kind}/{name}", tensor
    for name, tensor in module.balancer.state_dict().items():
        yield f"balancer/{name}", tensor
    for number, (_, state) in enumerate(_optimizer_states(module)):
        for key, tensor in sorted(state.items()):
            yield f"optimizer/{number}/{key}", tensor


def _optimizer_states(module: TrainingModule) -> Iterator[tuple[Tensor, dict[str, Tensor]]]:
    optimizer = module.optimizer
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            yield parameter, optimizer.state[parameter]
