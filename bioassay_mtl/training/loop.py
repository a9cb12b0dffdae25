"""The loop of a run on one device, alone or as one of several ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bioassay_mtl.chem.blocks import Block
from bioassay_mtl.chem.representation import InputSize
from bioassay_mtl.errors import TrainingError
from bioassay_mtl.nn import build_network
from bioassay_mtl.nn.draws import Draws
from bioassay_mtl.nn.network import Network
from bioassay_mtl.nn.reparameterized.attached import Made
from bioassay_mtl.tasks.kinds import TaskKind
from bioassay_mtl.tasks.measured import MeasuredCells
from bioassay_mtl.training.batches import ResidentData
from bioassay_mtl.training.callbacks import Progress
from bioassay_mtl.training.checkpoint import Best, Checkpoint
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.loggers import RunLog
from bioassay_mtl.training.module import TrainingModule
from bioassay_mtl.training.place import Place
from bioassay_mtl.training.start import start_without_absent_columns
from bioassay_mtl.training.steps import Steps


@dataclass(frozen=True)
class Run:
    """Beginning of every rank of a run.

    Parameters
    ----------
    config
        All settings.
    tasks
        Names of the T tasks.
    sizes
        Size of every input: columns of a fingerprint, codes of a graph.
    blocks
        Features of n molecules by input name.
    cells
        Their measured cells, values in standard units.
    train_rows, valid_rows
        Row indices.
    checkpoint
        File of the state, or None for no checkpoints.
    identity
        Identity of the run: settings and data.
    resume
        Whether to start from the checkpoint.
    kinds
        Kind of each task; all binary where none are given.
    start
        Weights that the network starts with, by their names; all others are drawn.
    weights
        ``(m,)`` of the cells; None where all weigh 1.
    """

    config: TrainingConfig
    tasks: tuple[str, ...]
    sizes: Mapping[str, InputSize]
    blocks: Mapping[str, Block]
    cells: MeasuredCells
    train_rows: NDArray[np.int64]
    valid_rows: NDArray[np.int64]
    checkpoint: Path | None
    identity: str
    resume: bool
    kinds: tuple[TaskKind, ...] = ()
    start: Mapping[str, Tensor] = field(default_factory=dict)
    weights: NDArray[np.float32] | None = None


def fit(
    run: Run, place: Place, logs: Sequence[RunLog] = (), progress: Progress | None = None
) -> tuple[TrainingModule, Best]:
    """Train; the network has the weights of the best epoch then, the same on every rank.

    Parameters
    ----------
    run
        Run to train.
    place
        Device to train on, and the other ranks of the run.
    logs
        Logs of every epoch; closed at the end.
    progress
        Callback for every epoch, after the logs.

    Raises
    ------
    TrainingError
        The loss or the weights are not finite.
    """
    told: list[Progress] = [*logs, *([progress] if progress else [])]
    with place.joined(), ExitStack() as opened:
        for log in logs:
            opened.callback(log.close)
        with Draws(run.config.seed).used():
            module = module_of(run, network_of(run, place.device), place.device)
        best = Best.of(module)
        checkpoint = Checkpoint(run.checkpoint, run.identity, writes=place.rank == 0)
        if run.resume:
            checkpoint.load(module, best)
        try:
            _train(Steps(module, place), best, checkpoint, told)
        except TrainingError:
            # Resumed, it would diverge again; without it the folder takes a run of other settings.
            checkpoint.discard()
            raise
    with torch.no_grad():
        torch._foreach_copy_(list(module.network.parameters()), best.weights)
    return module, best


def network_of(run: Run, device: torch.device) -> Network:
    """The network of a run as it begins, drawn from :class:`Draws` or started from weights."""
    network = build_network(run.config.network, run.sizes, run.tasks, run.kinds).to(device)
    start_without_absent_columns(network, run.blocks, run.train_rows)
    network.load_state_dict({**network.state_dict(), **run.start})
    found: Network = network
    return found


def module_of(
    run: Run, network: Network, device: torch.device, made: Made | None = None
) -> TrainingModule:
    """Module that a run trains, before its first step."""
    return TrainingModule(
        network,
        run.config,
        ResidentData(run.blocks, run.cells, device, run.kinds, run.weights),
        torch.from_numpy(run.train_rows).to(device),
        torch.from_numpy(run.valid_rows).to(device),
        run.tasks,
        started="tower.bias" in run.start,
        made=made,
    )


def _train(steps: Steps, best: Best, checkpoint: Checkpoint, told: Sequence[Progress]) -> None:
    """Take epoch after epoch, until there are enough or none has been better for long."""
    while not best.ends(steps.module):
        record = steps.epoch()
        best.judge(steps.module)
        checkpoint.keep(steps.module, best)
        for tell in told:
            tell(record)
