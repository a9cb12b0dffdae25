"""What is compared: ways of sharing, and what of modules each part is worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from benchmarks.muir.mixes import FINGERPRINTS
from benchmarks.muir.synthetic import RandomChoice
from bioassay_mtl.nn.network import Network
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.together.muir import JoinedModules, SharedModules
from bioassay_mtl.training.together.sharing import Joined, sharings


@sharings.register("muir_random")
class RandomModules(SharedModules):
    """Modules whose use chance decides: does the search find anything?"""

    kind: Literal["muir_random"] = "muir_random"  # type: ignore[assignment]

    def joined(
        self, networks: Mapping[str, Network], configs: Mapping[str, TrainingConfig], seed: int
    ) -> Joined:
        return JoinedModules(self, networks, seed, RandomChoice)


CASES: Mapping[str, dict[str, Any]] = {
    "none": {"kind": "none"},
    "trunk": {"kind": "trunk"},
    "adapters": {"kind": "adapters"},
    "mmoeex": {"kind": "mmoeex"},
    "muir": {"kind": "muir"},
    "muir, no search": {"kind": "muir", "challengers": 0},
    "muir, no search, half the pool": {"kind": "muir", "challengers": 0, "pool": 0.5},
    "muir, random choice": {"kind": "muir_random"},
    "muir, no contexts": {"kind": "muir", "contexts": 0},
    "muir, 1 context": {"kind": "muir", "contexts": 1},
    "muir, 2 contexts": {"kind": "muir", "contexts": 2},
    "muir, a quarter of the pool": {"kind": "muir", "pool": 0.25},
}
LAYERS: Mapping[str, dict[str, Any]] = {
    "none": {"kind": "none"},
    "muir": {"kind": "muir"},
    "muir, experts alone": {"kind": "muir", "layers": ("experts",)},
    "muir, towers alone": {"kind": "muir", "layers": ("towers",)},
}
"""Which layers modules make, where towers have a hidden layer, too."""
MAIN = ("none", "trunk", "muir", "adapters", "mmoeex")
"""Of these the questions are; the others say what a part of modules is worth."""

SETTINGS: Mapping[str, Any] = {
    "fingerprints": FINGERPRINTS,
    "network": {
        "kind": "mmoeex",
        "experts": [{"inputs": ["morgan"], "n": 2, "width": 64, "depth": 3, "dropout": 0.2}],
        "gate": {"kind": "static", "weight_decay": 10.0},
        "tower": {"kind": "per_expert"},
    },
    "calibrate": False,
    "domain": "none",
    "loggers": [],
    "device": "cpu",
    "batch_size": 128,
    "learning_rate": 4e-3,
    "epochs": 20,
    "patience": 20,
}
"""Of every panel in every case: the budgets are equal. Of seven pairs of rate and
dropout, panels apart (300 rows of Tox21, one seed) have the best validation scores with this."""
HIDDEN_TOWERS = {"network": {**SETTINGS["network"], "tower": {"kind": "mlp", "width": 32}}}
"""What differs for :data:`LAYERS`."""
