"""A model's values end where those of its assays do, wherever they are read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bioassay_mtl import Panel, train
from bioassay_mtl.errors import InputError, ModelFolderError
from bioassay_mtl.models.about import known_assays
from bioassay_mtl.models.export.exported import ExportedModel, feed
from bioassay_mtl.models.folder import amend_folder
from bioassay_mtl.models.join import join
from bioassay_mtl.models.limits_file import limits_with
from bioassay_mtl.models.model import Model
from bioassay_mtl.tasks.kinds import kind_config

SETTINGS: dict[str, Any] = {
    "fingerprints": {"maccs": {"kind": "maccs"}},
    "network": {
        "experts": [{"inputs": ("maccs",), "n": 2, "width": 16}],
        "gate": {"kind": "static"},
    },
    "epochs": 40,
    "average": 0.0,
    "loggers": (),
    "device": "cpu",
    "split": {"kind": "random", "fractions": (0.7, 0.3, 0.0)},
}


@pytest.fixture(scope="module")
def panel(nci_smiles: list[str]) -> Panel:
    """Concentrations of which most are near 0 and some are huge: a mean is far from most."""
    rng = np.random.default_rng(0)
    nitrogen = np.array([text.count("N") for text in nci_smiles[:200]])
    values = np.where(nitrogen > 1, 20_000, 1) * rng.uniform(0.5, 1.5, 200)
    labels = np.column_stack([values, values - 1e4, nitrogen > 1])
    kinds = [kind_config({"kind": "regression", "unit": "nM"})] * 2 + [kind_config("binary")]
    return Panel.from_arrays(nci_smiles[:200], labels, ["IC50", "signed", "c"], kinds=kinds)


@pytest.fixture(scope="module")
def model(panel: Panel) -> Model:
    found = train(panel, SETTINGS)
    found.beside.pop("calibration", None)  # it changes the format, too
    return found


@pytest.fixture(scope="module")
def free(model: Model) -> Model:
    """The same without limits, as a model that was saved before there were any."""
    beside = {name: each for name, each in model.beside.items() if name != "limits"}
    return Model(**{**vars(model), "beside": beside})


@pytest.fixture(scope="module")
def smiles(nci_smiles: list[str]) -> list[str]:
    return nci_smiles[200:400]


def test_no_prediction_and_no_interval_is_below_0(
    model: Model, free: Model, smiles: list[str]
) -> None:
    said, without = (each.predict(smiles, confidence=True) for each in (model, free))
    assert (without["IC50"] < 0).any()
    assert said["IC50"].equals(without["IC50"].clip(lower=0))
    for column in ("IC50", "IC50:low", "IC50:high"):
        assert (said[column].dropna() >= 0).all()
    for column in ("signed", "c"):
        assert said[column].equals(without[column])
    assert (said["IC50:low"] <= said["IC50"]).all()
    assert (said["IC50"] <= said["IC50:high"]).all()


def test_card_and_sheet_say_so(model: Model) -> None:
    assert "end where an assay's values do: IC50 at least 0." in model.card
    assert [assay.least for assay in model.sheet.assays] == [0, None, None]


def test_folders_keep_it_and_older_versions_refuse_them(
    model: Model, free: Model, smiles: list[str], tmp_path: Path
) -> None:
    folders = model.save(tmp_path / "limited"), free.save(tmp_path / "free")
    versions = [
        json.loads((each / "config.json").read_text())["format_version"] for each in folders
    ]
    assert versions == [3, 2]
    for folder, expected in zip(folders, (model, free), strict=True):
        assert Model.load(folder).predict(smiles).equals(expected.predict(smiles))
    amend_folder(folders[0], {"limits": None})
    assert Model.load(folders[0]).predict(smiles).equals(free.predict(smiles))


@pytest.mark.parametrize("low", [[0.0], [0.0, "x", None], [0.0, None, 1e9]])
def test_what_are_no_limits_is_refused(model: Model, tmp_path: Path, low: list[Any]) -> None:
    from bioassay_mtl.files import sha256
    from bioassay_mtl.models.folder import _write_config, read_config

    folder = model.save(tmp_path / "model")
    (folder / "limits.json").write_text(json.dumps({"low": low, "high": [None, None, 0.0]}))
    config = read_config(folder)
    _write_config(config, [name for name in config["sha256"] if name != "config.json"], folder)
    assert sha256(folder / "limits.json") == read_config(folder)["sha256"]["limits.json"]
    with pytest.raises(ModelFolderError, match="limits"):
        Model.load(folder)


def test_exports_and_ensembles_have_them(model: Model, free: Model, smiles: list[str]) -> None:
    features = model.featurize(smiles)
    expected = model.predict_features(features)
    assert np.allclose(join([model, model]).predict_features(features), expected, atol=0.01)
    assert join([model, free]).limits is None
    import torch

    arrays = [torch.from_numpy(each) for each in feed(features).values()]
    with torch.inference_mode():
        exported = ExportedModel(model)(*arrays).numpy()
    ok = features.ok
    assert (exported[ok, 0] == 0).any()
    assert np.allclose(exported[ok], expected[ok], rtol=1e-4, atol=0.5)


def test_a_model_is_given_limits_afterwards(free: Model) -> None:
    known = known_assays({"IC50": {"most": 10}}, free.tasks, ["IC50"])
    found = limits_with(free, known)
    assert found is not None
    assert (found.low.tolist(), found.high.tolist()) == ([-np.inf] * 3, [10, np.inf, np.inf])
    limited = Model(**{**vars(free), "beside": {"limits": found}})
    with pytest.raises(InputError, match="least 11 is not below most 10"):
        limits_with(limited, known_assays({"IC50": {"least": 11}}, free.tasks, ["IC50"]))


def test_users_say_where_values_end(panel: Panel, smiles: list[str]) -> None:
    about: dict[str, dict[str, Any]] = {
        "signed": {"least": -10_000, "most": "30000"},
        "IC50": {"least": 0.25},
    }
    found = train(panel, SETTINGS, about=about)
    assert found.limits is not None
    assert found.limits.low.tolist() == [0.25, -10_000, -np.inf]
    assert found.predict(smiles)["IC50"].min() == 0.25
    with pytest.raises(InputError, match="least that 'signed' can be is given as 0"):
        train(panel, SETTINGS, about={"signed": {"least": 0}})
    with pytest.raises(InputError, match="'c' has no values that could have limits"):
        train(panel, SETTINGS, about={"c": {"least": 0}})
