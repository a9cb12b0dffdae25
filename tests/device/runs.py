"""Small runs of training, on the CPU and on the pretended device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from bioassay_mtl.chem.blocks import Block
from bioassay_mtl.tasks.measured import MeasuredCells
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.loop import Run, module_of, network_of
from bioassay_mtl.training.place import Place
from bioassay_mtl.training.steps import Steps
from tests.device.pretend import DEVICE, Record

N_ROWS, N_VALID, N_TASKS = 48, 8, 4
INPUTS: dict[str, Any] = {
    "morgan": {"kind": "morgan", "n_bits": 256},
    "torsion": {"kind": "torsion", "n_bits": 128, "counts": True},
    "graph": {"kind": "graph"},
}
_SMALL = {"n": 2, "width": 8}
_GRAPH = {"inputs": ["graph"], "hidden": 8, "depth": 2, "dropout": 0.0, **_SMALL}
EXPERTS: dict[str, dict[str, Any]] = {
    "fingerprints": {"inputs": ["morgan", "torsion"], "depth": 2, "dropout": 0.0, **_SMALL},
    "gine": {"kind": "gine", **_GRAPH},
    "dmpnn": {"kind": "dmpnn", **_GRAPH},
    "gatedgcn": {"kind": "gatedgcn", **_GRAPH},
}
BALANCES: dict[str, Any] = {
    "sum": "sum",
    "two_step task": {"kind": "two_step"},
    "two_step all": {"kind": "two_step", "scope": "all", "chunk_size": 2},
    "dwa": "dwa",
    "lbtw": "lbtw",
    "uncertainty": "uncertainty",
    "gradnorm": "gradnorm",
}


@dataclass(frozen=True)
class PretendedPlace(Place):
    """On the pretended device, whose name PyTorch's autocast does not know."""

    @property
    def device(self) -> torch.device:
        return DEVICE


HERE, PRETENDED = Place("cpu"), PretendedPlace("cpu")


def run_of(
    blocks: Mapping[str, Block], experts: str, balance: Any, tower: str = "per_expert"
) -> Run:
    """Two epochs of three steps; nothing is drawn but the weights and the order of rows."""
    group = EXPERTS[experts]
    config = TrainingConfig.of(
        {
            "fingerprints": {name: INPUTS[name] for name in group["inputs"]},
            "network": {
                "kind": "mmoeex",
                "experts": [group],
                "gate": {"kind": "low_rank", "rank": 2},
                "tower": {"kind": tower},
            },
            "balance": balance,
            "epochs": 2,
            "batch_size": 16,
            "device": "cpu",
        }
    )
    blocks = {name: blocks[name] for name in group["inputs"]}
    rng = np.random.default_rng(0)
    labels = rng.integers(-1, 2, (N_ROWS + N_VALID, N_TASKS)).astype(np.int8)
    return Run(
        config=config,
        tasks=tuple(f"task-{number}" for number in range(N_TASKS)),
        sizes=config.featurizer().input_sizes,
        blocks=blocks,
        cells=MeasuredCells.from_dense(labels),
        train_rows=np.arange(N_ROWS),
        valid_rows=np.arange(N_ROWS, N_ROWS + N_VALID),
        checkpoint=None,
        identity="",
        resume=False,
    )


def steps_of(run: Run, place: Place) -> Steps:
    """What takes the steps of a run."""
    return Steps(module_of(run, network_of(run, place.device), place.device), place)


def third_step(run: Run, record: Record) -> Record:
    """What the third step of a run does, when all that is made once is there."""
    steps = steps_of(run, PRETENDED)
    steps.begin()
    for number, rows in enumerate(steps.module.batches(0)):
        record.clear()
        steps.take(number, rows)
    return record
