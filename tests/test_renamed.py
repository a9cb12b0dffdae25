"""Former names within modules give what is there today, with a warning; files keep them."""

from __future__ import annotations

import hashlib
import json
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import bioassay_mtl as bm
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.fingerprints import MorganFingerprint
from bioassay_mtl.cli.app import app
from bioassay_mtl.config import TODAY
from bioassay_mtl.errors import ConfigError, InputError
from bioassay_mtl.models.diagnostics import MixtureDiagnostics
from bioassay_mtl.nn.stacking import stacking_config
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.panels.schema import PanelSchema
from bioassay_mtl.screening.options import ScreenOptions
from bioassay_mtl.serving.shapes import PredictRequest
from bioassay_mtl.splits import Split, SplitConfig, split
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.identity import run_identity

FORMER: Any = {"standardise": True}
MEMBERS = {
    "chem.standardize": {"standardise": "standardize", "Standardised": "Standardized"},
    "chem.molecule": {"Standardising": "Standardizing"},
    "confidence.calibration": {"LabelledLogits": "LabeledLogits"},
    "splits": {"PARTS": "SUBSETS"},
    "splits.split": {"Part": "Subset", "PARTS": "SUBSETS"},
    "models.scaling": {"ColumnScaling": "FeatureScaler"},
    "tasks.target_scaling": {"Standardisation": "TargetScaler"},
}


@pytest.mark.parametrize("module", MEMBERS)
def test_a_member_has_its_former_name(module: str) -> None:
    here = import_module(f"bioassay_mtl.{module}")
    for former, today in MEMBERS[module].items():
        with pytest.warns(DeprecationWarning, match=f"{former} is {today} now"):
            found = getattr(here, former)
        assert found is getattr(here, today)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = here.nothing


@pytest.mark.parametrize("settings", [TrainingConfig, PanelSchema, ScreenOptions])
def test_settings_are_read_and_written_under_former_names(settings: Any) -> None:
    found = settings(standardise=True)
    assert found == settings.of({"standardise": True}) == settings(standardize=True)
    with pytest.warns(DeprecationWarning, match="standardise is standardize now"):
        assert found.standardise is True
    written = found.model_dump(mode="json")
    assert written["standardise"] is True
    assert "standardize" not in written
    assert settings.of(written) == found
    assert found.model_dump(context=TODAY)["standardize"] is True
    with pytest.raises(ConfigError, match="standardise is the former name of standardize"):
        settings.of({"standardise": True, "standardize": True})


def test_a_split_too() -> None:
    found = SplitConfig.of({"copies": "raise"})
    assert found == SplitConfig(duplicates="raise")
    assert found.model_dump()["copies"] == "raise"
    panel = Panel.from_arrays(["C", "CC", "C"], [1, 0, 1], ["A"])
    panel = panel.changed(columns={"of": ["train", "train", "test"]})
    with pytest.raises(InputError, match="a duplicate in another subset"):
        split(panel, SplitConfig(kind="column", column="of"), copies="raise")


def test_a_featurizer_too() -> None:
    with pytest.warns(DeprecationWarning, match="standardise="):
        found = Featurizer({"morgan": MorganFingerprint()}, **FORMER)
    assert found.standardize is True
    assert found.config()["standardise"] is True
    assert Featurizer.from_config(found.config()) == found
    with pytest.warns(DeprecationWarning, match="Featurizer.standardise"):
        assert found.standardise is True


def test_a_panel_too() -> None:
    with pytest.warns(DeprecationWarning, match="standardise="):
        panel = Panel(["C"], None, np.ones((1, 1), np.int8), ("A",), ["1"], **FORMER)
    with pytest.warns(DeprecationWarning, match="Panel.standardise"):
        assert panel.standardise is panel.standardize is True


def test_a_model_too() -> None:
    model = bm.load("pcba128")
    salt, parent = "CC(=O)[O-].[Na+]", "CC(=O)O"
    with pytest.warns(DeprecationWarning, match="standardise="):
        found = model.predict([salt], **FORMER)
    assert found.equals(model.predict([parent], standardize=True))
    with pytest.warns(DeprecationWarning, match="neighbours is neighbors now"):
        near = model.neighbours([parent], k=1)
    assert near.equals(model.neighbors([parent], k=1))
    with pytest.warns(DeprecationWarning, match="target_scaler"):
        assert model.standardisation is None


def test_diagnostics_too() -> None:
    found = MixtureDiagnostics(None, 0.0, "shares")  # type: ignore[arg-type]
    with pytest.warns(DeprecationWarning, match="utilization"):
        assert found.utilisation is found.utilization  # type: ignore[attr-defined]


def test_a_kind_too() -> None:
    today = stacking_config("penalized")
    assert stacking_config("penalised") == stacking_config({"kind": "penalised"}) == today


def test_a_run_that_began_under_a_former_kind_goes_on() -> None:
    panel = Panel.from_arrays(["C", "CC"], [1, 0], ["A"])
    parts = Split.of_parts(np.array([0, 0]))
    experts = [{"inputs": ["kind"]}, {"kind": "linear", "inputs": ["kind"]}]
    network = {"experts": experts, "gate": {"kind": "stacked", "method": "penalized"}}
    inputs = {"kind": {"kind": "morgan"}}
    config = TrainingConfig.of({"inputs": inputs, "network": network})
    written = json.dumps(config.model_dump(mode="json"), sort_keys=True)
    assert written.count('"penalized"') == 1
    as_begun = hashlib.sha256(panel.digest().encode())
    as_begun.update(written.replace('"penalized"', '"penalised"').encode())
    as_begun.update(parts.train.tobytes() + parts.valid.tobytes())
    assert run_identity(panel, config, parts, None) == as_begun.hexdigest()


def test_an_option_too(tmp_path: Any) -> None:
    path = tmp_path / "molecules.smi"
    path.write_text("CC(=O)[O-].[Na+] salt\n")
    asked = ["screen", str(path), "--assays", "PCBA-1030", "-o"]
    for number, option in enumerate(("--standardize", "--standardise")):
        done = CliRunner().invoke(app, [*asked, str(tmp_path / f"{number}.csv"), option])
        assert done.exit_code == 0, done.output
    assert (tmp_path / "0.csv").read_bytes() == (tmp_path / "1.csv").read_bytes()


def test_a_request_too() -> None:
    for name in ("standardise", "standardize"):
        assert PredictRequest.model_validate({"smiles": ["C"], name: True}).standardize
