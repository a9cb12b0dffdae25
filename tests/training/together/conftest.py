"""Three small panels of real molecules, and settings of which a run takes a second."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.training.config import TrainingConfig
from tests.training.conftest import small_config

RULES = {"halogen": "Cl", "nitrogen": "N", "sulfur": "S", "oxygen": "O"}


def panel_of(smiles: list[str], tasks: list[str], seed: int) -> Panel:
    """Is there such an atom? A quarter of the cells are empty."""
    labels = np.array([[float(RULES[task] in text) for task in tasks] for text in smiles])
    labels[np.random.default_rng(seed).random(labels.shape) < 0.25] = np.nan
    return Panel.from_arrays(smiles, labels, tasks)


@pytest.fixture(scope="session")
def panels(nci_smiles: list[str]) -> dict[str, Panel]:
    """Of 240, 120 and 80 molecules; some are in two of them."""
    return {
        "large": panel_of(nci_smiles[:240], ["halogen", "nitrogen"], 0),
        "middle": panel_of(nci_smiles[200:320], ["oxygen", "sulfur"], 1),
        "small": panel_of(nci_smiles[300:380], ["nitrogen"], 2),
    }


def together_config(**changes: Any) -> TrainingConfig:
    """Hidden layers of 16 x 16."""
    settings = {"batch_size": 32, "epochs": 3, "calibrate": False, "domain": "none"}
    return small_config(**settings | changes)
