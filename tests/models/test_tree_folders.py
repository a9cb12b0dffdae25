"""Folders of trees that somebody wrote otherwise are refused, and never take the process along."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from bioassay_mtl.errors import ModelFolderError
from bioassay_mtl.models.model import Model
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.training.fit import train
from tests.models.test_odd_folders import sign
from tests.needs import installed

installed("xgboost", "trees")

Weights = dict[str, Tensor]


@pytest.fixture(scope="module")
def folder(nci_smiles: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    smiles = nci_smiles[:100]
    labels = np.array([["N" in text, "c1" in text] for text in smiles], float)
    settings = {
        "fingerprints": {"morgan": {"kind": "morgan", "n_bits": 64}},
        "network": {"kind": "boosted_trees", "inputs": ["morgan"], "n_trees": 3},
        "split": {"fractions": (1.0, 0.0, 0.0)},
    }
    model = train(Panel.from_arrays(smiles, labels, ["a", "b"]), settings)
    return model.save(tmp_path_factory.mktemp("trees") / "model")


def rewritten(folder: Path, change: Callable[[Weights], object], out: Path) -> Path:
    """A copy with other weights, and hashes that fit."""
    out.mkdir()
    for path in folder.iterdir():
        (out / path.name).write_bytes(path.read_bytes())
    weights = load_file(out / "model.safetensors")
    change(weights)
    save_file(weights, out / "model.safetensors")
    sign(out, json.loads((out / "config.json").read_text()))
    return out


def at(name: str, place: tuple[int, ...], value: int) -> Callable[[Weights], object]:
    return lambda weights: weights[name].__setitem__(place, value)


def to(name: str, value: Tensor) -> Callable[[Weights], object]:
    return lambda weights: weights.__setitem__(name, value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (at("nodes", (0, 0), 64), "column"),
        (at("nodes", (0, 2), 10_000), "children"),
        (at("nodes", (0, 2), 0), "children"),
        (at("nodes", (0, 1), 2**31 - 1), "finite"),
        (at("output", (0,), 2), "output"),
        (at("starts", (-1,), 1), "nodes"),
        (to("output", torch.zeros(1, dtype=torch.int32)), "as many"),
        (to("nodes", torch.zeros(3, 4)), "integers"),
        (to("nodes", torch.zeros(0, dtype=torch.int32)), "integers"),
        (lambda weights: weights.pop("nodes"), "nodes"),
        (lambda weights: weights.pop("starts"), "starts"),
    ],
)
def test_trees_that_are_none_are_refused(
    folder: Path, change: Callable[[Weights], object], said: str, tmp_path: Path
) -> None:
    with pytest.raises(ModelFolderError, match=said):
        Model.load(rewritten(folder, change, tmp_path / "m"))


def test_random_bytes_are_refused(folder: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for number in range(20):
        noise = torch.from_numpy(rng.integers(-(2**31), 2**31, (30, 4), dtype=np.int32))
        starts = torch.tensor([0, 10, 20, 30])
        output = torch.zeros(3, dtype=torch.int32)
        changed = rewritten(
            folder,
            lambda w, new=(noise, starts, output): w.update(  # type: ignore[misc]
                zip(("nodes", "starts", "output"), new, strict=True)
            ),
            tmp_path / str(number),
        )
        with pytest.raises(ModelFolderError, match="nodes"):
            Model.load(changed)


def test_trees_of_another_architecture_are_refused(folder: Path, tmp_path: Path) -> None:
    out = rewritten(folder, lambda weights: None, tmp_path / "m")
    config = json.loads((out / "config.json").read_text())
    config["featurizer"]["fingerprints"]["morgan"]["n_bits"] = 32
    sign(out, config)
    with pytest.raises(ModelFolderError):
        Model.load(out)


def test_a_closed_assay_gets_the_output_0(folder: Path, tmp_path: Path) -> None:
    out = rewritten(folder, lambda weights: None, tmp_path / "m")
    config = json.loads((out / "config.json").read_text())
    config["connections"] = ["1", "0"]
    sign(out, config)
    found = Model.load(out).predict(["CCO", "CCN"])
    assert (found["b"] == 0.5).all()
    assert (found["a"] != 0.5).all()
