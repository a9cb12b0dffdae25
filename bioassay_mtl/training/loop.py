"""The loop of a run on one device, alone or as one of several ranks."""

from __future__ import annotations

import logging
import signal
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from lightning.pytorch.loggers import Logger
from numpy.typing import NDArray
from torch import Tensor

from bioassay_mtl.chem.blocks import Block
from bioassay_mtl.chem.representation import InputSize
from bioassay_mtl.data.kinds import TaskKind
from bioassay_mtl.nn import build_network
from bioassay_mtl.training.batches import ResidentData
from bioassay_mtl.training.callbacks import KeepBest, Progress
from bioassay_mtl.training.checkpoint import Best
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.module import TrainingModule
from bioassay_mtl.training.place import Place


@dataclass(frozen=True)
class Run:
    """What every rank of a run begins with.

    Parameters
    ----------
    config
        All settings.
    tasks
        Names of the T tasks.
    sizes
        Of every input: columns of a fingerprint, codes of a graph.
    blocks
        Features of n molecules by input name.
    labels
        ``(n, T)``: int8 of binary tasks, else floating in standard units.
    train_rows, valid_rows
        Row numbers.
    checkpoint
        File of the state, or None for no checkpoints.
    identity
        What the run is: settings and data.
    resume
        Whether to start from the checkpoint.
    kinds
        Of the tasks; all binary where none are given.
    bounds
        ``(n, T) int8`` of censored values; None where all are exact.
    start
        Weights that the network starts with, by their names; all others are drawn.
    weights
        ``(n, T)`` of the cells; None where all weigh 1.
    """

    config: TrainingConfig
    tasks: tuple[str, ...]
    sizes: Mapping[str, InputSize]
    blocks: Mapping[str, Block]
    labels: NDArray[Any]
    train_rows: NDArray[np.int64]
    valid_rows: NDArray[np.int64]
    checkpoint: Path | None
    identity: str
    resume: bool
    kinds: tuple[TaskKind, ...] = ()
    bounds: NDArray[np.int8] | None = None
    start: Mapping[str, Tensor] = field(default_factory=dict)
    weights: NDArray[np.float32] | None = None


def fit(
    run: Run, place: Place, loggers: Sequence[Logger] = (), progress: Progress | None = None
) -> tuple[TrainingModule, Best]:
    """Train; the network has the weights of the best epoch then, the same on every rank."""
    config, device = run.config, place.device
    with place.joined(), _quiet_lightning():
        torch.manual_seed(config.seed)
        network = build_network(config.network, run.sizes, run.tasks, run.kinds).to(device)
        network.load_state_dict({**network.state_dict(), **run.start})
        module = TrainingModule(
            network,
            config,
            ResidentData(run.blocks, run.labels, device, run.bounds, run.weights),
            torch.from_numpy(run.train_rows).to(device),
            torch.from_numpy(run.valid_rows).to(device),
            run.tasks,
            started="tower.bias" in run.start,
        )
        best = Best(module.average.state())
        keep = KeepBest(best, config.patience, run.checkpoint, run.identity, run.resume, progress)
        trainer = pl.Trainer(
            max_epochs=config.epochs,
            accelerator="gpu" if device.type == "cuda" else "cpu",
            devices=place.n_ranks,
            strategy=place.strategy(),
            precision="bf16-mixed" if config.precision == "bfloat16" else "32-true",
            gradient_clip_val=config.gradient_clip,
            logger=list(loggers),
            callbacks=[keep],
            reload_dataloaders_every_n_epochs=1,
            use_distributed_sampler=False,
            num_sanity_val_steps=0,
            log_every_n_steps=1,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        _fit(trainer, module)
    network.to(device)
    with torch.no_grad():
        for parameter, weight in zip(network.parameters(), best.weights, strict=True):
            parameter.copy_(weight)
    return module, best


def _fit(trainer: pl.Trainer, module: TrainingModule) -> None:
    """Fit; Lightning makes Ctrl-C an exit of the whole program, which is not for it to decide."""
    handler = signal.getsignal(signal.SIGINT)
    try:
        trainer.fit(module)
    except SystemExit as stop:
        if not isinstance(stop.__context__, KeyboardInterrupt):
            raise
        signal.signal(signal.SIGINT, handler)  # Lightning leaves it ignored
        raise KeyboardInterrupt from None


@contextmanager
def _quiet_lightning() -> Iterator[None]:
    """Lightning's hints are for authors of loops, not for users of this one."""
    logger = logging.getLogger("lightning.pytorch")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
