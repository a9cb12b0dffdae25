"""Steps on real molecules with random labels: time does not depend on what is learnt."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from itertools import cycle
from typing import Any

import numpy as np
import torch
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
DEVICES: dict[str, Any] = {
    "nargs": "+",
    "default": ["cpu", *["cuda"] * torch.cuda.is_available()],
    "help": "where steps are taken (default: wherever they can be)",
}


def nci_data(
    device: torch.device, prints: Any = None, n: int | None = None, n_tasks: int = N_TASKS
) -> tuple[ResidentData, dict[str, Any]]:
    """RDKit's NCI molecules on a device, and the sizes of inputs.

    Of random labels as many are measured, and of these active, as in PCBA.
    """
    inputs = {"fingerprints": prints or TrainingConfig().fingerprints}
    featurizer, smiles = Featurizer.from_config(inputs), nci_smiles()[:n]
    rng, shape = np.random.default_rng(0), (len(smiles), n_tasks)
    labels = np.where(rng.random(shape) < 0.6, rng.random(shape) < 0.014, -1).astype(np.int8)
    return ResidentData(featurizer(smiles).blocks, labels, device), featurizer.input_sizes


def module_of(config: TrainingConfig, data: ResidentData, sizes: dict[str, Any]) -> TrainingModule:
    """The package's own training module, with all rows to learn from."""
    tasks = [f"task-{number}" for number in range(data.cells.n_tasks)]
    torch.manual_seed(0)
    network = build_network(config.network, sizes, tasks).to(data.device).train()
    rows = torch.arange(len(data), device=data.device)
    return TrainingModule(network, config, data, rows, rows[:0], tasks)


def order_of_rows(n_rows: int) -> Tensor:
    """In which batches take them."""
    return torch.randperm(n_rows, generator=torch.Generator().manual_seed(0))


def whole_batches(data: ResidentData, size: int = BATCH) -> Sequence[Tensor]:
    """Row numbers, without those of a last batch that is short."""
    rows = order_of_rows(len(data)).to(data.device)
    found: Sequence[Tensor] = rows[: len(rows) // size * size].split(size)
    return found


def step_of(module: TrainingModule, batches: Iterable[Any]) -> Step:
    """One whole step of the package's own training module, batch after batch in turn."""
    module.balancer.start_epoch(0)
    turns = cycle(batches)

    def step() -> None:
        module.optimizer.zero_grad()
        module(next(turns)).backward()
        module.optimizer.step()
        module.losses.clear()

    return step


def timed(
    step: Step, device: torch.device, n: int = 1, precision: str = "float32"
) -> Callable[[], float]:
    """Measures seconds of one of n steps, by the clock.

    On a CPU they are those of this thread on it, which other processes change little.
    """
    of_cpu = device.type == "cpu"
    clock = time.process_time if of_cpu else time.perf_counter

    def wait() -> None:
        if not of_cpu:
            torch.cuda.synchronize()

    def measured() -> float:
        with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16"):
            wait()
            start = clock()
            for _ in range(n):
                step()
            wait()
        return (clock() - start) / n

    return measured
