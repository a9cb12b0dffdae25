"""Model folders: whole round trips, and a clear word for every kind of damage."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from bioassay_mtl.chem.features import Features, PackedBits
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.errors import ConfigError, ModelFolderError
from bioassay_mtl.models.folder import _digest
from bioassay_mtl.models.model import Model
from bioassay_mtl.nn import build_network, network_config


@pytest.fixture
def model() -> Model:
    """An untrained mixture with random exclusive connections, on two fingerprints."""
    featurizer = Featurizer.from_config(
        {
            "fingerprints": {
                "morgan": {"kind": "morgan", "n_bits": 128},
                "torsion": {"kind": "torsion", "n_bits": 64, "counts": True},
            }
        }
    )
    config = network_config(
        {
            "kind": "mmoeex",
            "experts": [{"inputs": ["morgan"], "n": 4, "width": 8}],
            "gate": {"kind": "low_rank", "rank": 3},
            "connections": {"kind": "exclusivity", "share": 0.5},
        }
    )
    torch.manual_seed(0)
    tasks = ("first", "second", "third")
    counts = {"active": [1, 2, 3], "inactive": [9, 8, 7]}
    network = build_network(config, featurizer.n_features, tasks)
    annotations = {"first": {"target": "A"}}
    return Model(network, config, featurizer, tasks, counts, annotations, card="# A model\n")


def rewrite(folder: Path, **changes: object) -> None:
    """Alter the configuration, with a digest that fits."""
    path = folder / "config.json"
    config = json.loads(path.read_text()) | changes
    config["sha256"]["config.json"] = _digest(config)
    path.write_text(json.dumps(config))


def test_round_trip(model: Model, tmp_path: Path, nci_smiles: list[str]) -> None:
    folder = model.save(tmp_path / "model")
    loaded = Model.load(folder)
    expected, found = model.predict(nci_smiles[:50]), loaded.predict(nci_smiles[:50])
    assert expected.equals(found)
    assert loaded.tasks == model.tasks
    assert loaded.label_counts == model.label_counts
    assert loaded.annotations == model.annotations
    assert torch.equal(loaded.network.connections, model.network.connections)
    names = {path.name for path in folder.iterdir()}
    assert names == {"model.safetensors", "config.json", "metrics.json", "README.md"}


def test_half_precision_is_half_the_size_and_close(
    model: Model, tmp_path: Path, nci_smiles: list[str]
) -> None:
    whole = model.save(tmp_path / "whole") / "model.safetensors"
    half = model.save(tmp_path / "half", half=True) / "model.safetensors"
    assert half.stat().st_size < 0.6 * whole.stat().st_size
    a, b = (Model.load(path.parent).predict(nci_smiles[:20]) for path in (whole, half))
    np.testing.assert_allclose(a[list(model.tasks)], b[list(model.tasks)], atol=2e-3)


def test_saving_refuses_or_replaces(model: Model, tmp_path: Path) -> None:
    model.save(tmp_path / "model")
    with pytest.raises(ModelFolderError, match="exists"):
        model.save(tmp_path / "model")
    model.save(tmp_path / "model", overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("dear to me")
    with pytest.raises(ModelFolderError, match="no model folder"):
        model.save(tmp_path / "mine", overwrite=True)
    assert (tmp_path / "mine" / "thesis.txt").exists()


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "metrics.json", "README.md"])
def test_a_missing_file_is_named(model: Model, tmp_path: Path, name: str) -> None:
    folder = model.save(tmp_path / "model")
    (folder / name).unlink()
    with pytest.raises(ModelFolderError, match=f"{name} is missing"):
        Model.load(folder)


@pytest.mark.parametrize("name", ["model.safetensors", "metrics.json", "README.md"])
def test_an_altered_file_is_named(model: Model, tmp_path: Path, name: str) -> None:
    folder = model.save(tmp_path / "model")
    content = bytearray((folder / name).read_bytes())
    content[-1] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ModelFolderError, match=f"{name} was altered"):
        Model.load(folder)


def test_an_altered_or_broken_configuration_is_named(model: Model, tmp_path: Path) -> None:
    path = model.save(tmp_path / "model") / "config.json"
    text = path.read_text()
    path.write_text(text.replace('"first"', '"other"'))
    with pytest.raises(ModelFolderError, match=r"config\.json was altered"):
        Model.load(path.parent)
    path.write_text(text[:-30])
    with pytest.raises(ModelFolderError, match="is not a model's configuration"):
        Model.load(path.parent)


def test_another_format_version_is_named(model: Model, tmp_path: Path) -> None:
    folder = model.save(tmp_path / "model")
    rewrite(folder, format_version=99)
    with pytest.raises(ModelFolderError, match="format version 99"):
        Model.load(folder)


def test_a_featurizer_that_cannot_be_reproduced_is_named(model: Model, tmp_path: Path) -> None:
    folder = model.save(tmp_path / "model")
    rewrite(folder, featurizer_probe="0" * 64)
    with pytest.raises(ModelFolderError, match=r"(?i)rdkit"):
        Model.load(folder)


def test_neither_model_nor_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelFolderError, match="no model and no folder"):
        Model.load("pcba129")
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(ModelFolderError, match="is a file"):
        Model.load(file)


def test_a_prediction_does_not_depend_on_neighbors(model: Model, nci_smiles: list[str]) -> None:
    smiles = nci_smiles[:300]
    together = model.predict(smiles)
    values = together[list(model.tasks)].to_numpy()
    for rows in ([7], [299, 3, 7], list(range(100, 300))):
        again = model.predict([smiles[row] for row in rows])[list(model.tasks)].to_numpy()
        np.testing.assert_array_equal(again, values[rows])


def test_failed_rows_are_nan_and_rows_stay_aligned(model: Model) -> None:
    table = model.predict(["CCO", "not a molecule", "", "c1ccccc1"])
    assert table.columns[0] == "status"
    assert table["status"].tolist() == ["ok", "invalid_smiles", "empty", "ok"]
    values = table[list(model.tasks)].to_numpy()
    assert np.isnan(values[[1, 2]]).all()
    assert np.isfinite(values[[0, 3]]).all()
    assert values.dtype == np.float32


def test_nothing_in_nothing_out(model: Model) -> None:
    assert model.predict([]).shape == (0, 4)


def test_columns_of_pandas_are_read_and_whole_tables_refused(model: Model) -> None:
    frame = pd.DataFrame({"smiles": pd.Series(["CCO", None], dtype="string"), "other": [1, 2]})
    assert model.predict(frame["smiles"])["status"].tolist() == ["ok", "empty"]
    for table in (frame, {"smiles": ["CCO"]}):
        with pytest.raises(ConfigError, match=r'pass table\["smiles"\]'):
            model.predict(table)


def test_a_model_and_its_features_are_told_in_a_line(model: Model) -> None:
    n_weights = sum(parameter.numel() for parameter in model.network.parameters())
    assert repr(model) == (
        f"Model('model': 3 binary assays from morgan, torsion; 4 experts, {n_weights:,} weights)"
    )
    features = model.featurize(["CCO", "no"])
    assert repr(features) == "Features(2 molecules, 1 ok: morgan, torsion)"


def test_features_of_another_model_are_refused(model: Model) -> None:
    packed = np.zeros((2, 16), dtype=np.uint8)
    with pytest.raises(ConfigError, match="reads 2 inputs"):
        model.predict_features(packed)
    with pytest.raises(ConfigError, match="found"):
        model.predict_features({"morgan": packed})
    with pytest.raises(ConfigError, match="list of SMILES"):
        model.predict("CCO")
    bits = {"morgan": packed, "torsion": packed[:, :8]}
    with pytest.raises(ConfigError, match="torsion"):
        model.predict_features(bits)  # bits in place of counts
    with pytest.raises(ConfigError, match="packed"):
        model.predict_features({"morgan": packed[:, :3], "torsion": packed})
    block = {"morgan": PackedBits(packed, 128)}
    with pytest.raises(ConfigError, match="found"):
        model.predict_features(Features(block, np.zeros(2, dtype=np.uint8)))


def test_what_a_model_cannot_be_saved_as(model: Model, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("dear to me")
    with pytest.raises(ModelFolderError, match="file is a file, no model folder"):
        model.save(tmp_path / "file", overwrite=True)
    with pytest.raises(ModelFolderError, match="must be UTF-8"):
        model.save(tmp_path / "\udcff")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_a_saved_model_has_the_mode_of_the_umask(model: Model, tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        folder = model.save(tmp_path / "model")
    finally:
        os.umask(before)
    assert folder.stat().st_mode & 0o777 == 0o777 & ~mask
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o666 & ~mask}


SAVES_OVER = """
import os, signal, sys
from bioassay_mtl.models.model import Model
new, folder = Model.load(sys.argv[1]), sys.argv[2]
left = int(sys.argv[3])
def count(event, arguments):
    global left
    left -= event in ("os.rename", "os.remove", "os.rmdir", "ctypes.dlsym", "shutil.rmtree")
    if left < 0 and event != "os.kill":
        os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(count)
new.save(folder, overwrite=True)
"""


@pytest.mark.parametrize(("step", "name"), [(0, "model"), (3, "the new")])
@pytest.mark.cases(1)
def test_a_kill_while_saving_leaves_the_old_model_or_the_new(
    model: Model, tmp_path: Path, step: int, name: str
) -> None:
    new = model.save(tmp_path / "new")
    rewrite(new, name="the new")
    old = model.save(tmp_path / "model")
    arguments = [str(new), str(old), str(step)]
    killed = subprocess.run([sys.executable, "-c", SAVES_OVER, *arguments], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert Model.load(old).name == name
    model.save(old, overwrite=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "new"]
