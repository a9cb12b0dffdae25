"""Models of every architecture that read fingerprints and descriptors, with random weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.models.join import join
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.scaling import fit_scalings
from bioassay_mtl.nn import build_network, network_config
from bioassay_mtl.tasks import Binary, Censored, Multiclass, Ordinal, Regression, TaskKind
from bioassay_mtl.tasks.target_scaling import TargetScaler

KINDS: tuple[TaskKind, ...] = (
    Binary(),
    Multiclass(classes=("agonist", "antagonist", "neither")),
    Regression(unit="nM"),
    Ordinal(classes=("low", "middle", "high")),
    Censored(unit="pIC50"),
)
BINARY = (Binary(),) * 3
BITS = {"bits": {"kind": "morgan", "n_bits": 256}}
COUNTS = {"counts": {"kind": "torsion", "n_bits": 128, "counts": True}}
LINEAR = {"linear": {"kind": "atom_pair", "n_bits": 64, "counts": True, "scale": "linear"}}
VALUES = {"real": {"kind": "rdkit_descriptors", "names": ["MolWt", "TPSA", "RingCount"]}}
ALL = BITS | COUNTS | LINEAR | VALUES
DEEP = {"n": 2, "width": 24, "depth": 2}
SHALLOW = {"n": 2, "width": 16, "activation": "gelu"}


def mixture(gate: str, tower: str, inputs: Any = ALL, **connections: Any) -> dict[str, Any]:
    """Settings of MMoEEx with two groups of experts, one of all inputs."""
    first = next(iter(inputs))
    return {
        "experts": [{"inputs": [*inputs], **DEEP}, {"inputs": [first], **SHALLOW}],
        "gate": {"kind": gate, "rank": 4, "temperature": 1.5},
        "tower": {"kind": tower, "width": 8},
        "connections": connections,
    }


def dense_model(
    network: dict[str, Any], kinds: tuple[TaskKind, ...] = KINDS, inputs: Any = ALL, seed: int = 0
) -> Model:
    """A model with random weights; its descriptors are scaled by the probe molecules."""
    featurizer = Featurizer.from_config({"fingerprints": inputs})
    tasks = tuple(f"task{n}" for n in range(len(kinds)))
    config = network_config(network)
    torch.manual_seed(seed)
    built = build_network(config, featurizer.input_sizes, tasks, kinds)
    for parameter in built.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    examples = featurizer.examples()
    counts = {"active": [1] * len(tasks), "inactive": [9] * len(tasks)}
    center = np.array([1e3 if isinstance(k, Regression) else 0.5 * k.is_value for k in kinds])
    scale = np.array([4e2 if isinstance(k, Regression) else 1.0 for k in kinds])
    binary = all(kind.kind == "binary" for kind in kinds)
    return Model(
        built,
        config,
        featurizer,
        tasks,
        counts,
        kinds=kinds,
        scalings=fit_scalings(examples.blocks, np.arange(len(examples))),
        target_scaler=None if binary else TargetScaler(center, scale),
    )


def every_model() -> dict[str, Model]:
    """One for each gate, tower, architecture and kind of task."""
    made = {
        f"{gate}-{tower}": dense_model(mixture(gate, tower))
        for gate, tower in (
            ("static", "per_expert"),
            ("linear", "linear"),
            ("low_rank", "mlp"),
            ("task_embedding", "per_expert"),
            ("uniform", "mlp"),
        )
    }
    group = {"inputs": [*BITS, *VALUES], **DEEP}
    inputs = BITS | VALUES
    mmoe = {"kind": "mmoe", "experts": group, "gate": {"kind": "linear", "inputs": [*inputs]}}
    bottom = {"kind": "shared_bottom", "bottom": group, "tower": {"kind": "mlp"}}
    made["mmoe"] = dense_model(mmoe, BINARY, inputs)
    made["shared_bottom"] = dense_model(bottom, KINDS, inputs)
    closed = mixture("static", "linear", BITS, kind="exclusion", share=0.5)
    made["one-input"] = dense_model(closed, BINARY, BITS)
    members = [dense_model(mixture("uniform", "mlp"), seed=1), dense_model(mmoe, KINDS, inputs)]
    made["ensemble"] = join(members, weights=[0.7, 0.3])
    return made
