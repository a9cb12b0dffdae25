"""A small panel of real molecules with a rule to learn, and settings that train in a second."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.training.config import TrainingConfig


@pytest.fixture(autouse=True)
def _threads() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def small_panel(nci_smiles: list[str]) -> Panel:
    """300 NCI molecules (one of them invalid), 3 assays by rule, a third of the cells empty."""
    smiles = [*nci_smiles[:299], "not a molecule"]
    rng = np.random.default_rng(0)
    rules: tuple[Callable[[str], bool], ...] = (
        lambda s: "N" in s,
        lambda s: "c1" in s,
        lambda s: "Cl" in s,
    )
    labels = np.array([[float(rule(s)) for rule in rules] for s in smiles])
    labels[rng.random(labels.shape) < 1 / 3] = np.nan
    return Panel.from_arrays(smiles, labels, ["nitrogen", "aromatic", "chlorine"])


def small_config(**changes: Any) -> TrainingConfig:
    """Two experts of 16 units on 256 bits."""
    settings: dict[str, Any] = {
        "fingerprints": {"morgan": {"kind": "morgan", "n_bits": 256}},
        "network": {
            "kind": "mmoeex",
            "experts": [{"inputs": ["morgan"], "n": 2, "width": 16, "depth": 2}],
            "tower": {"kind": "per_expert"},
        },
        "split": {"kind": "random", "fractions": (0.8, 0.1, 0.1)},
        "epochs": 4,
        "batch_size": 64,
        "learning_rate": 0.02,
        "weight_decay": 0.1,
        "average": 0.9,
        "device": "cpu",
    }
    return TrainingConfig.of(settings | changes)
