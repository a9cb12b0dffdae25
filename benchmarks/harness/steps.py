"""Steps on real molecules with random labels: time does not depend on what is learnt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import cycle
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.harness.molecules import nci_smiles
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.nn import build_network
from bioassay_mtl.training.batches import ResidentData
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.module import TrainingModule

N_TASKS = 128
BATCH = 1024
Step = Callable[[], None]


def random_labels(
    n_rows: int, n_tasks: int = N_TASKS, measured: float = 0.6, active: float = 0.014
) -> NDArray[np.int8]:
    """``(n_rows, n_tasks)``: shares of measured cells, and of actives among these, as PCBA has."""
    rng, shape = np.random.default_rng(0), (n_rows, n_tasks)
    return np.where(rng.random(shape) < measured, rng.random(shape) < active, -1).astype(np.int8)


def nci_features(fingerprints: Any = None, n: int | None = None) -> tuple[Any, dict[str, Any]]:
    """Blocks of RDKit's NCI molecules, or some of them, and the sizes of inputs."""
    inputs = fingerprints or TrainingConfig().fingerprints
    featurizer = Featurizer.from_config({"fingerprints": inputs})
    return featurizer(nci_smiles()[:n]).blocks, featurizer.input_sizes


def nci_data(device: torch.device, fingerprints: Any = None) -> tuple[ResidentData, dict[str, Any]]:
    """These molecules with random labels on a device, and the sizes of inputs."""
    blocks, sizes = nci_features(fingerprints)
    return ResidentData(blocks, random_labels(len(nci_smiles())), device), sizes


def module_of(
    config: TrainingConfig, data: ResidentData, sizes: dict[str, Any], valid: Tensor | None = None
) -> TrainingModule:
    """The package's own training module, all rows but the valid ones to learn from."""
    tasks = [f"task-{number}" for number in range(data.cells.n_tasks)]
    torch.manual_seed(0)
    network = build_network(config.network, sizes, tasks).to(data.device).train()
    rows = torch.arange(len(data), device=data.device)
    held = rows[:0] if valid is None else valid
    return TrainingModule(network, config, data, rows[: len(rows) - len(held)], held, tasks)


def order_of_rows(n_rows: int) -> Tensor:
    """In which batches take them."""
    return torch.randperm(n_rows, generator=torch.Generator().manual_seed(0))


def whole_batches(data: ResidentData, size: int = BATCH) -> Sequence[Tensor]:
    """Row numbers, without those of a last batch that is short."""
    found: Sequence[Tensor] = order_of_rows(len(data)).to(data.device).split(size)[:-1]
    return found


def stepper(
    loss: Callable[[Any], Tensor], optimizer: torch.optim.Optimizer, batches: Iterable[Any]
) -> Step:
    """One whole step: batch after batch in turn, forward, backward, update."""
    turns = cycle(batches)

    def step() -> None:
        optimizer.zero_grad()
        loss(next(turns)).backward()
        optimizer.step()

    return step


def step_of(module: TrainingModule, batches: Iterable[Any]) -> Step:
    """A step of the package's own training module."""
    module.balancer.start_epoch(0)
    step = stepper(module, module.optimizer, batches)

    def cleared() -> None:
        step()
        module.losses.clear()

    return cleared
