"""What is compared: three kinds of networks, and their mixtures."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import yaml

Settings = dict[str, Any]

SHIPPED = Path(__file__).resolve().parent.parent / "pcba128" / "config.yaml"
_CASES = yaml.safe_load(Path(__file__).with_name("cases.yaml").read_text())
MODELS: dict[str, Settings] = _CASES["models"]
MIXTURES: dict[str, list[str]] = _CASES["mixtures"]
TRIALS: dict[str, list[str]] = _CASES["trials"]
STEP = 0.05
"""Shares of the members of a mixture are multiples of it."""
LARGEST = 0.5
"""Share of a member other than the first."""


def settings(model: str, seed: int) -> Settings:
    """All settings of one network; the fingerprints' are those of the shipped model."""
    shipped: Settings = yaml.safe_load(SHIPPED.read_text()) | {"seed": seed, "patience": 10}
    changes = dict(MODELS[model])
    if experts := changes.pop("experts", None):
        changes["network"] = shipped["network"] | {"experts": [experts]}
    return shipped | changes


def shares(n_members: int) -> list[tuple[float, ...]]:
    """All shares of so many members on the grid, the first with the rest."""
    steps = [STEP * number for number in range(1, round(LARGEST / STEP) + 1)]
    found = [(1 - sum(others), *others) for others in product(steps, repeat=n_members - 1)]
    return [each for each in found if each[0] > STEP / 2]
