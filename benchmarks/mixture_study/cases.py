"""What is compared: three models of equal size, twelve trials each, and one change at a time."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from benchmarks.harness.datasets import BITS, COUNTS

Settings = dict[str, Any]

MODELS = ("shared_bottom", "mmoe", "mmoeex")
EPOCHS = 10
EACH_ITS_OWN = [(["morgan"], 2), (["torsion"], 1), (["atom_pair"], 1)]
"""Inputs of groups of experts, and how many there are of each."""
GATE_DECAY = 10.0
"""Weight decay of the gates of MMoEEx: pulls each assay's mix towards uniform."""
SEEDS = (0, 1, 2)
TRIALS = (
    {"learning_rate": 8e-3, "dropout": 0.6, "weight_decay": 1.0},
    {"learning_rate": 16e-3, "dropout": 0.5, "weight_decay": 1.0},
    {"learning_rate": 16e-3, "dropout": 0.6, "weight_decay": 1.0},
    {"learning_rate": 12e-3, "dropout": 0.5, "weight_decay": 2.0},
    {"learning_rate": 24e-3, "dropout": 0.5, "weight_decay": 0.7},
    {"learning_rate": 16e-3, "dropout": 0.4, "weight_decay": 1.0},
)
"""Tried by every model, with each of the two values of its own knob (:func:`own_knob`)."""


def own_knob(model: str) -> tuple[Settings, Settings]:
    """The two values of the one knob that is the model's own."""
    if model == "shared_bottom":
        return {"depth": 1}, {"depth": 2}
    if model == "mmoe":
        return {"gate": "static"}, {"gate": "low_rank"}
    return {"decoupled": False}, {"decoupled": True}


def trials(model: str) -> Iterator[Settings]:
    """The twelve trials of one model."""
    for knob in own_knob(model):
        for trial in TRIALS:
            yield {"model": model, **trial, **knob}


def trial_name(trial: Settings) -> str:
    """Such as ``mmoe: learning_rate 0.008, dropout 0.6, weight_decay 1.0, gate static``."""
    values = ", ".join(f"{key} {value}" for key, value in trial.items() if key != "model")
    return f"{trial['model']}: {values}"


WIDTHS = {
    "A": {"shared_bottom": (2048, 1024), "mmoe": (650, 650), "mmoeex": (650, 650)},
    "B": {"shared_bottom": (1080, 970), "mmoe": (265, 265), "mmoeex": (600, 600)},
}
"""Hidden units of one layer, and of two, by which all models have about equally many weights."""


def training_settings(protocol: str, chosen: Settings, seed: int) -> Settings:
    """The full training configuration of a trial."""
    settings = deepcopy(chosen)
    model, depth = settings.pop("model"), settings.pop("depth", 2)
    prints = settings.pop("fingerprints", BITS if protocol == "A" else COUNTS)
    width = settings.pop("width", None) or WIDTHS[protocol[0]][model][depth - 1]
    layers = {"width": width, "depth": depth, "dropout": settings.pop("dropout")}
    gate = {"kind": settings.pop("gate", "static"), "rank": 16, "dropout": 0.5}
    own = {key: settings.pop(key, None) for key in ("connections", "tower", "groups")}
    if model == "shared_bottom":
        network = {"bottom": {"inputs": list(prints), **layers}, "tower": {"kind": "linear"}}
    elif model == "mmoe":
        experts: Any = {"inputs": list(prints), "n": 2 if protocol == "A" else 4, **layers}
        network = {"experts": experts, "gate": gate, "tower": {"kind": "linear"}}
    else:
        groups = own["groups"] or ([(list(prints), 2)] if protocol == "A" else EACH_ITS_OWN)
        experts = [{"inputs": inputs, "n": n, **layers} for inputs, n in groups]
        network = {
            "experts": experts,
            "gate": gate | {"weight_decay": GATE_DECAY},
            "connections": own["connections"] or {"kind": "none"},
            "tower": {"kind": own["tower"] or "per_expert"},
        }
    usual = {"decoupled": False, "expert_loss": 1.0 if model == "mmoeex" else 0.0}
    fixed = {"epochs": EPOCHS, "batch_size": 1024, "precision": "bfloat16", "seed": seed}
    network = {"kind": model, **network}
    return {"fingerprints": prints, "network": network, **fixed, **usual, **settings}


def ablations(protocol: str) -> dict[str, Settings]:
    """Changes to the chosen MMoEEx, one at a time."""
    changes: dict[str, Settings] = {
        "as chosen": {},
        "uniform gate": {"gate": "uniform"},
        "linear gate": {"gate": "linear"},
        "low-rank gate": {"gate": "low_rank"},
        "task-embedding gate": {"gate": "task_embedding"},
        "gradient of the mixture reaches experts": {"decoupled": False},
        "no expert loss": {"decoupled": False, "expert_loss": 0.0},
        "one linear tower per task": {"tower": "linear"},
        "MLP towers": {"tower": "mlp", "decoupled": False, "expert_loss": 0.0},
        "exclusivity, half the experts": {"connections": {"kind": "exclusivity", "share": 0.5}},
        "exclusion of one task, half": {"connections": {"kind": "exclusion", "share": 0.5}},
        "exclusion of a random quarter, all": {
            "connections": {"kind": "exclusion", "share": 1.0, "closed": 0.25}
        },
        "groups by target class, half": {"connections": {"kind": "groups", "share": 0.5}},
        "positive weights sqrt": {"positive_weight": "sqrt"},
        "positive weights full": {"positive_weight": "full"},
        "mean per task": {"reduction": "mean_per_task"},
        "dropout 0.3": {"dropout": 0.3},
        "no weight averaging": {"average": 0.0},
        "depth 1": {"depth": 1},
    }
    if protocol == "A":
        changes["4 experts"] = {"groups": [(["morgan"], 4)], "width": 400}
        changes["8 experts"] = {"groups": [(["morgan"], 8)], "width": 230}
    else:
        every = ["morgan", "torsion", "atom_pair"]
        changes["every expert reads all inputs"] = {"groups": [(every, 4)], "width": 260}
        changes["8 experts"] = {
            "groups": [(["morgan"], 4), (["torsion"], 2), (["atom_pair"], 2)],
            "width": 310,
        }
        changes["Morgan counts alone"] = {
            "fingerprints": {"morgan": COUNTS["morgan"]},
            "groups": [(["morgan"], 4)],
            "width": 480,
        }
        changes["4,096 bits alone"] = {
            "fingerprints": {"morgan": {"kind": "morgan", "n_bits": 4096}},
            "groups": [(["morgan"], 4)],
            "width": 480,
        }
        changes["without atom pairs"] = {
            "fingerprints": {name: COUNTS[name] for name in ("morgan", "torsion")},
            "groups": [(["morgan"], 2), (["torsion"], 1)],
            "width": 720,
        }
    return changes
