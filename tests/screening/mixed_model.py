"""A small real model of every kind of task, with random weights."""

from __future__ import annotations

import numpy as np
import torch

from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.fingerprints import MorganFingerprint
from bioassay_mtl.models.model import Model
from bioassay_mtl.nn.architectures.base import build_network, network_config
from bioassay_mtl.tasks import Binary, Censored, Multiclass, Ordinal, Regression, TaskKind
from bioassay_mtl.tasks.target_scaling import TargetScaler

KINDS: tuple[TaskKind, ...] = (
    Multiclass(classes=("agonist", "antagonist", "neither")),
    Regression(unit="M"),
    Binary(),
    Ordinal(classes=("low", "high")),
    Censored(unit="pIC50"),
)
TASKS = ("mode", "affinity", "toxic", "dose", "potency")


def mixed_model(kinds: tuple[TaskKind, ...] = KINDS) -> Model:
    """The same weights every time; affinities are tiny, potencies of either sign."""
    featurizer = Featurizer({"morgan": MorganFingerprint(n_bits=256)})
    architecture = network_config(
        {"kind": "mmoeex", "experts": [{"inputs": ["morgan"], "n": 2, "width": 16}]}
    )
    tasks = TASKS[: len(kinds)]
    torch.manual_seed(0)
    network = build_network(architecture, featurizer.n_features, tasks, kinds)
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(3)
    n = len(kinds)
    counts = {
        "active": [0, 0, 30, 0, 0][:n],
        "inactive": [0, 0, 70, 0, 0][:n],
        "measured": [90, 80, 100, 60, 50][:n],
        "classes": {"mode": [50, 30, 10], "dose": [40, 20]},
    }
    standard = TargetScaler(np.array([0, 3e-9, 0, 0, 0.5][:n]), np.array([1, 1e-9, 1, 1, 2][:n]))
    return Model(
        network, architecture, featurizer, tasks, counts, kinds=kinds, target_scaler=standard
    )
