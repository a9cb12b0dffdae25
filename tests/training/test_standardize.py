"""A model reads new molecules as it read those that it was trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.models.join import join
from bioassay_mtl.models.model import Model
from bioassay_mtl.panels import Panel
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.defaults import settled
from bioassay_mtl.training.fit import train
from tests.training.conftest import small_config

SALTS = ["CCCCN.Cl", "CCCC[NH3+].[Cl-]"]


@pytest.fixture
def table(tmp_path: Path, nci_smiles: list[str]) -> Path:
    path = tmp_path / "panel.csv"
    rows = [f"{text}.Cl,{text.count('N') % 2}" for text in nci_smiles[:80]]
    path.write_text("\n".join(["smiles,nitrogen", *rows]) + "\n")
    path.with_name("panel.schema.yaml").write_text("standardize: true\n")
    return path


def test_salts_are_predicted_as_their_parent(table: Path, tmp_path: Path) -> None:
    panel = Panel.read(table)
    assert not any(".Cl" in text for text in panel.structures or ())
    assert panel.take([0, 1]).standardize is panel.select_tasks(panel.tasks).standardize is True
    settings = small_config(epochs=1)
    model = train(panel, settings, out=tmp_path / "model")
    for held in (model, Model.load(tmp_path / "model")):
        parent, *salts = held.predict(["CCCCN", *SALTS])["nitrogen"]
        assert salts == [parent, parent]
    plain = train(Panel.from_arrays(panel.structures, panel.labels, panel.tasks), settings)
    parent, *salts = plain.predict(["CCCCN", *SALTS])["nitrogen"]
    assert parent not in salts
    with pytest.raises(ConfigError, match="model 2 standardizes molecules otherwise"):
        join([model, plain])


def test_settings_say_how_and_win(table: Path) -> None:
    panel = Panel.read(table)
    config, why = settled(None, panel)
    assert config.standardize is True
    assert "molecules standardized" in why
    assert settled(TrainingConfig(standardize="tautomer"), panel)[0].standardize == "tautomer"
    assert settled(TrainingConfig(standardize=False), panel)[0].standardize is False
    assert not settled(None, Panel.from_arrays(["C"], np.array([[1]]), ["any"]))[0].standardize
