"""Time that a training will take, from a few molecules and a few steps of the very settings."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bioassay_mtl.chem.features import Features
from bioassay_mtl.config import Config
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.nn.architectures.stacked import StackedConfig
from bioassay_mtl.nn.fitted.settings import FittedConfig
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split
from bioassay_mtl.training.batches import batch_size
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.fit import train_session
from bioassay_mtl.training.session import Session

N_MOLECULES, N_OF_FITTED = 96, 300
"""Molecules that are featurized on trial, spread evenly over the panel; and where some network is
fitted: trees of fewer are soon done (forest of Tox21, 4,803 rows, by 96 of them: 6 s, by 300: 77 s;
it took 108 s)."""

N_BATCHES = 2
"""Batches of an epoch on trial."""

FEW_TREES, ROWS_OF_FITTED = 10, 1_000
"""Trees that are grown on trial, and rows that they are grown on at most."""

N_EPOCHS = 3
"""Epochs on trial, of which the first is not timed: it has the cost of a start."""


@dataclass(frozen=True)
class Estimate:
    """Seconds of the parts of a training.

    Parameters
    ----------
    featurizing
        Seconds to make features of all molecules.
    epochs
        Seconds to train for all epochs; stopping early makes it less.
    """

    featurizing: float
    epochs: float

    @property
    def total(self) -> float:
        """Both."""
        return self.featurizing + self.epochs


def estimate(
    panel: Panel, config: TrainingConfig, *, workers: int = 1, models: int = 1, jobs: int = 1
) -> Estimate | None:
    """Time a training on trial: it changes nothing, and takes a second or two.

    Parameters
    ----------
    panel, config
        Panel and settings of the training to come, the settings settled.
    workers
        Processes that will featurize.
    models
        Number of times that all epochs are run: members, folds, trials.
    jobs
        Number of trainings at a time, of models or of experts, which share out the threads.

    Returns
    -------
    None where nothing can be said: several devices, or no molecule that can be read on trial.
    """
    if config.devices not in (1, "auto"):
        return None
    networks, runs = parts_of(config)
    jobs = min(jobs, max(models, len(networks) * runs))
    is_fitted = any(isinstance(each, FittedConfig) for each in networks)
    n = N_OF_FITTED if is_fitted else N_MOLECULES
    sample = panel.take(np.unique(np.linspace(0, len(panel) - 1, n).astype(np.int64)))
    featurizer = config.featurizer()
    panel_features(sample.take(np.arange(min(2, len(sample)))), featurizer)  # imports what it needs
    start = time.perf_counter()
    features = panel_features(sample, featurizer)
    per_molecule = (time.perf_counter() - start) / len(sample)
    known = np.flatnonzero(features.ok)
    if not len(known):
        return None
    rows = max(1, round(len(panel) * config.split.fractions[0]))
    with _threads(max(1, torch.get_num_threads() // jobs)):
        per_row = sum(
            _seconds_per_row(
                sample, features, known, config.model_copy(update={"network": each}), rows
            )
            for each in networks
        )
    return Estimate(
        featurizing=per_molecule * len(panel) / max(1, workers),
        epochs=per_row * rows * config.epochs * models * runs / jobs,
    )


@contextmanager
def _threads(n: int) -> Iterator[None]:
    """Compute in so many threads until the block ends."""
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def parts_of(config: TrainingConfig) -> tuple[tuple[Config, ...], int]:
    """Networks that are trained each on its own, and on how many times all rows in all."""
    if isinstance(config.network, StackedConfig):  # K times on K - 1 of K parts, and on all
        return config.network.members, config.network.gate.folds
    return (config.network,), 1


def _seconds_per_row(
    sample: Panel, features: Features, known: NDArray[np.intp], config: TrainingConfig, rows: int
) -> float:
    """Seconds of an epoch by its rows: batches of the size that all rows will have."""
    if isinstance(config.network, FittedConfig):
        some = np.resize(known, min(rows, ROWS_OF_FITTED))
        seconds = _seconds_of_fitted(sample, features, some, config)
        if hasattr(config.network, "n_trees"):  # they are as deep as the rows on trial ask for
            n_known = min(rows, len(known))
            seconds *= math.log(max(2, rows)) / math.log(max(2, n_known))
        return seconds / config.epochs
    size = batch_size(config.batch_size, rows)
    some = np.resize(known, min(rows, N_BATCHES * size))
    trial = config.model_copy(
        update={"epochs": N_EPOCHS, "patience": N_EPOCHS, "batch_size": size, "loggers": ()}
    )
    ends: list[float] = []

    def tick(_: Mapping[str, float]) -> None:
        ends.append(time.perf_counter())

    train_session(_session(sample, features, some, trial), progress=tick)
    return (ends[-1] - ends[0]) / (len(ends) - 1) / len(some)


def _seconds_of_fitted(
    sample: Panel, features: Features, some: NDArray[np.intp], config: TrainingConfig
) -> float:
    """Seconds by training rows; of trees, from what a few take more than one."""

    def seconds(**changes: Any) -> float:
        network = config.network.model_copy(update=changes)
        trial = config.model_copy(update={"network": network, "loggers": ()})
        session = _session(sample, features, some, trial)
        start = time.perf_counter()
        train_session(session)
        return time.perf_counter() - start

    n_trees: int = getattr(config.network, "n_trees", 0)
    if not n_trees:
        return seconds() / len(some)
    one = min(seconds(n_trees=1) for _ in range(2))  # the first imports what it needs
    each = max(0.0, seconds(n_trees=1 + FEW_TREES) - one) / FEW_TREES
    return (one + each * (n_trees - 1)) / len(some)


def _session(
    sample: Panel, features: Features, some: NDArray[np.intp], trial: TrainingConfig
) -> Session:
    """Rows of a sample, some of them several times, all to train on."""
    nothing = np.array([], dtype=np.int64)
    parts = Split(np.arange(len(some)), nothing, nothing, len(some))
    return Session(sample.take(some), trial, given_parts=parts, given_features=features.take(some))
