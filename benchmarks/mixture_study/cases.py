"""What is compared: three models of equal size, twelve trials each, and one change at a time."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from benchmarks.harness.datasets import BITS, COUNTS

Settings = dict[str, Any]

MODELS = ("shared_bottom", "mmoe", "mmoeex")
EPOCHS = 10
GATE_DECAY = 10.0
"""Weight decay of the gates of MMoEEx: pulls each assay's mix towards uniform."""
SEEDS = (0, 1, 2)
_CASES = yaml.safe_load(Path(__file__).with_name("cases.yaml").read_text())


def trials(model: str) -> Iterator[Settings]:
    for knob in _CASES["knobs"][model]:
        for trial in _CASES["trials"]:
            yield {"model": model, **trial, **knob}


def trial_name(trial: Settings) -> str:
    """Such as ``mmoe: learning_rate 0.008, dropout 0.6, weight_decay 1.0, gate static``."""
    values = ", ".join(f"{key} {value}" for key, value in trial.items() if key != "model")
    return f"{trial['model']}: {values}"


def training_settings(protocol: str, chosen: Settings, seed: int) -> Settings:
    """The full training configuration of a trial."""
    settings, size = deepcopy(chosen), protocol[0]
    model, depth = settings.pop("model"), settings.pop("depth", 2)
    prints = settings.pop("fingerprints", BITS if size == "A" else COUNTS)
    width = settings.pop("width", None) or _CASES["widths"][size][model][depth - 1]
    layers = {"width": width, "depth": depth, "dropout": settings.pop("dropout")}
    gate = {"kind": settings.pop("gate", "static"), "rank": 16, "dropout": 0.5}
    own = {key: settings.pop(key, None) for key in ("connections", "tower", "groups")}
    network: Settings
    if model == "shared_bottom":
        network = {"bottom": {"inputs": list(prints), **layers}, "tower": {"kind": "linear"}}
    elif model == "mmoe":
        experts = {"inputs": list(prints), "n": 2 if size == "A" else 4, **layers}
        network = {"experts": experts, "gate": gate, "tower": {"kind": "linear"}}
    else:
        groups = own["groups"] or _CASES["groups"][size]
        network = {
            "experts": [{"inputs": inputs, "n": n, **layers} for inputs, n in groups],
            "gate": gate | {"weight_decay": GATE_DECAY},
            "connections": own["connections"] or {"kind": "none"},
            "tower": {"kind": own["tower"] or "per_expert"},
        }
    usual = {"decoupled": False, "expert_loss": 1.0 if model == "mmoeex" else 0.0}
    fixed = {"epochs": EPOCHS, "batch_size": 1024, "precision": "bfloat16", "seed": seed}
    network = {"kind": model, **network}
    return {"fingerprints": prints, "network": network, **fixed, **usual, **settings}


def ablations(protocol: str) -> dict[str, Settings]:
    changes = _CASES["ablations"]
    return {**changes["both"], **changes[protocol[0]]}
