"""The models that ship: whole, small enough, and able to predict."""

from __future__ import annotations

import subprocess
import sys
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import bioassay_mtl as bm
from benchmarks.harness.datasets import read_pcba
from bioassay_mtl.adapters.ray.datasets import predict
from bioassay_mtl.cli.names import DEFAULT_MODEL
from bioassay_mtl.models.domain import DomainFile
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.shipped import DEFAULT, find_model, names
from bioassay_mtl.models.training_molecules import MOLECULES

FIRST_PREDICTION = """
import sys
import bioassay_mtl as bm
bm.load().predict(["CCO"])
print([name for name in ("torch._dynamo", "sympy", "lightning") if name in sys.modules])
"""


@pytest.mark.soak
def test_a_first_prediction_loads_no_compiler() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FIRST_PREDICTION], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_default_ships_and_is_one_everywhere() -> None:
    assert DEFAULT in names()
    assert DEFAULT_MODEL == DEFAULT
    for function in (bm.load, predict):
        assert DEFAULT in [each.default for each in signature(function).parameters.values()]


def test_the_default_ranks_no_worse_than_pcba128() -> None:
    """Average precision in both evaluations, of the same molecules: it reads a third as much."""
    default, other = Model.load(DEFAULT), Model.load("pcba128")
    for part in ("random", "scaffold"):
        mine, its = (m.metrics[part]["macro"]["average_precision"] for m in (default, other))
        assert mine >= its


@pytest.mark.parametrize("name", names())
def test_shipped_model(name: str, nci_smiles: list[str]) -> None:
    folder = find_model(name)
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 28 << 20
    assert (folder / DomainFile.files[0]).stat().st_size <= 128 * 51_363
    assert (folder / MOLECULES).stat().st_size <= 8 * 51_363 + 200
    model = Model.load(name)
    assert model.name == name
    assert (folder / "README.md").read_text().startswith(f"# {name}\n")
    table = model.predict(["not a molecule", *nci_smiles[:20]])
    probabilities = table[list(model.tasks)].to_numpy()
    assert np.isnan(probabilities[0]).all()
    assert ((probabilities[1:] > 0) & (probabilities[1:] < 1)).all()


@pytest.mark.parametrize("name", names())
def test_training_molecules_are_marked(name: str, shared_data: Path) -> None:
    structures = read_pcba(shared_data / "pcba").structures or []
    known = [text for text in structures if text]
    model = Model.load(name)
    assert model.training_molecules is not None
    assert model.training_molecules.unidentified == 0
    assert model.training["rows"]["train"] == len(known)
    assert model.in_training(known[::25]).all()
    table = pd.read_csv(shared_data / "hts_library_aid1706.csv.gz", nrows=2000)
    library = table[next(name for name in table if "smiles" in str(name).lower())].tolist()
    assert 0.05 < model.in_training(library).mean() < 0.3  # PCBA is a sample of such libraries


@pytest.mark.parametrize("name", names())
@pytest.mark.cases(1)
def test_training_molecules_have_their_labels(name: str, shared_data: Path) -> None:
    panel = read_pcba(shared_data / "pcba")
    panel = panel.take(np.flatnonzero(panel.has_structure)[::500])
    model, task = Model.load(name), panel.tasks[0]
    found = model.domain(panel.structures or [], [task])
    assert (found["similarity"] == 1).all()
    assert found["in_domain"].all()
    labels = panel.cells.dense()[:, 0]
    for label, said in zip(labels, found[f"{task}:known"], strict=True):
        assert ("" if np.isnan(label) else ("inactive", "active")[int(label)]) in said
    assert (found[f"{task}:nearest_active"][labels == 1] == 1).all()


@pytest.mark.parametrize("name", names())
def test_published_intervals_hold_their_values(name: str) -> None:
    n_looked_at = 0
    for part in Model.load(name).metrics.values():
        for row in [part["macro"], *part["tasks"]]:
            for metric in [key for key in row if f"{key}_low" in row]:
                low, high = row[f"{metric}_low"], row[f"{metric}_high"]
                if low is not None:
                    assert low <= row[metric] <= high, (row.get("task"), metric)
                    n_looked_at += 1
    assert n_looked_at > 500


def test_the_mixture_holds_the_experts_of_pcba128() -> None:
    """Its fingerprint experts are those of pcba128."""
    alone, mixed = Model.load("pcba128"), Model.load("pcba128-mix")
    network: Any = mixed.network
    member = network.members[0].state_dict()
    for key, weight in alone.network.state_dict().items():
        assert (member[key] == weight).all(), key
