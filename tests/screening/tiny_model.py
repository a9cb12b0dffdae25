"""A small real model: random weights, two fingerprints, five assays."""

from __future__ import annotations

import torch

from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.fingerprints import MorganFingerprint, TorsionFingerprint
from bioassay_mtl.models.model import Model
from bioassay_mtl.nn.architectures.base import build_network, network_config

TASKS = ("PCBA-1", "PCBA-2", "PCBA-30", "PCBA-31", "PCBA-400")


def tiny_model() -> Model:
    """The same weights every time."""
    featurizer = Featurizer(
        {"morgan": MorganFingerprint(n_bits=256), "torsion": TorsionFingerprint(counts=True)}
    )
    architecture = network_config(
        {
            "kind": "mmoeex",
            "experts": [
                {"inputs": ["morgan"], "n": 2, "width": 16},
                {"inputs": ["torsion"], "n": 2, "width": 16},
            ],
            "connections": {"kind": "exclusion", "share": 0.5},
        }
    )
    network = build_network(architecture, featurizer.n_features, TASKS)
    own = torch.Generator().manual_seed(0)  # any thread may draw from PyTorch's global one
    with torch.no_grad():
        for weight in network.parameters():
            spread = 3 / weight.shape[-1] ** 0.5  # of the probabilities
            weight.uniform_(-spread, spread, generator=own)
    counts = {"active": [10, 200, 3000, 5, 0], "inactive": [9000, 8000, 7000, 20000, 50]}
    return Model(network, architecture, featurizer, TASKS, counts, name="tiny")
