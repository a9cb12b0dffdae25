"""What is compared: three kinds of networks, and their mixtures."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import yaml

Settings = dict[str, Any]

SHIPPED = Path(__file__).resolve().parent.parent / "pcba128" / "config.yaml"
MIXTURES: dict[str, tuple[str, ...]] = {
    "fingerprint + descriptors": ("fingerprint", "descriptors"),
    "fingerprint + GINE": ("fingerprint", "GINE"),
    "fingerprint + D-MPNN": ("fingerprint", "D-MPNN"),
    "fingerprint + descriptors + GINE": ("fingerprint", "descriptors", "GINE"),
    "fingerprint + descriptors + D-MPNN": ("fingerprint", "descriptors", "D-MPNN"),
}
TRIALS: dict[str, tuple[str, ...]] = {
    "default": (),
    "wide": ("--message-hidden-dim", "600", "--ffn-hidden-dim", "600", "--dropout", "0.2"),
    "deep": ("--depth", "5", "--dropout", "0.1", "--ffn-num-layers", "2"),
    "fast": ("--max-lr", "3e-3", "--aggregation", "sum", "--dropout", "0.1", "--batch-norm"),
}
"""What chemprop's options are chosen from, with the first seed, on the validation rows."""
STEP = 0.05
"""Shares of the members of a mixture are multiples of it."""
LARGEST = 0.5
"""Share of a member other than the first."""


def settings(model: str, seed: int) -> Settings:
    """All settings of one network; the fingerprints' are those of the shipped model."""
    shipped: Settings = yaml.safe_load(SHIPPED.read_text()) | {"seed": seed, "patience": 10}
    if model == "fingerprint":
        return shipped
    inputs, experts, others = MODELS[model]
    network = shipped["network"] | {"experts": [experts]}
    return shipped | {"fingerprints": inputs, "network": network} | others


MODELS: dict[str, tuple[Settings, Settings, Settings]] = {
    "fingerprint": ({}, {}, {}),
    "descriptors": (
        {"descriptors": {"kind": "rdkit_descriptors"}},
        {"inputs": ["descriptors"], "n": 2, "width": 600, "depth": 2, "dropout": 0.3},
        {},
    ),
    "D-MPNN": (
        {"graph": {"kind": "graph"}},
        {
            "kind": "dmpnn",
            "inputs": ["graph"],
            "n": 2,
            "width": 300,
            "hidden": 300,
            "depth": 3,
            "pooling": "sum",
            "learning_rate_factor": 0.3,
        },
        {"batch_size": 64, "epochs": 24, "weight_decay": 0.1, "patience": 24},
    ),
    "GINE": (
        {"graph": {"kind": "graph"}},
        {
            "kind": "gine",
            "inputs": ["graph"],
            "n": 2,
            "width": 256,
            "hidden": 128,
            "depth": 3,
            "learning_rate_factor": 0.3,
        },
        {"batch_size": 256, "epochs": 36, "weight_decay": 0.1, "patience": 40},
    ),
}
"""Inputs, experts, and what else differs from the shipped model's settings."""


def shares(n_members: int) -> list[tuple[float, ...]]:
    """All shares of so many members on the grid, the first with the rest."""
    steps = [STEP * number for number in range(1, round(LARGEST / STEP) + 1)]
    found = [(1 - sum(others), *others) for others in product(steps, repeat=n_members - 1)]
    return [each for each in found if each[0] > STEP / 2]
