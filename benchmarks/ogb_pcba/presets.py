"""Models to train on full PCBA; all have fewer than 6 million parameters."""

from __future__ import annotations

from typing import Any

INPUTS: dict[str, dict[str, Any]] = {
    "ecfp": {"kind": "morgan", "n_bits": 1024, "counts": True},
    "graph": {"kind": "graph", "codes": "ogb", "random_walk": 16},
    "descriptors": {"kind": "rdkit_descriptors"},
}

EXPERTS: dict[str, dict[str, Any]] = {
    "ecfp": {"kind": "mlp", "n": 2, "width": 384, "depth": 2, "dropout": 0.3},
    "graph": {"kind": "gine", "n": 3, "width": 384, "hidden": 256, "depth": 5, "shared_depth": 4},
    "descriptors": {"kind": "mlp", "n": 1, "width": 384, "depth": 2, "dropout": 0.2},
}

PRESETS: dict[str, tuple[str, ...]] = {
    "graph": ("graph",),
    "mixed": ("ecfp", "graph"),
    "all": ("ecfp", "graph", "descriptors"),
}


def preset(name: str) -> dict[str, Any]:
    """Settings of a run, for :class:`~bioassay_mtl.training.config.TrainingConfig`."""
    inputs = PRESETS[name]
    return {
        "fingerprints": {each: INPUTS[each] for each in inputs},
        "network": {
            "kind": "mmoeex",
            "experts": [{**EXPERTS[each], "inputs": [each]} for each in inputs],
            "gate": {"kind": "static", "weight_decay": 10.0},
            "tower": {"kind": "per_expert"},
        },
        "epochs": 60,
        "patience": 15,
        "batch_size": 512,
        "learning_rate": 8e-3,
        "weight_decay": 0.1,
        "average": 0.999,
        "precision": "bfloat16",
    }
