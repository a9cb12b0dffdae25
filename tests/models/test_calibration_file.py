"""What stands beside a calibrated model: read again to the digit, or refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from bioassay_mtl.confidence.calibration import Calibration
from bioassay_mtl.confidence.evidence import LEVELS, VALIDATION, Evidence
from bioassay_mtl.confidence.grid import ScoreCounts
from bioassay_mtl.errors import ModelFolderError
from bioassay_mtl.models.export.exported import ExportedModel, feed, raw_inputs
from bioassay_mtl.models.folder import amend_folder
from bioassay_mtl.models.model import Model
from tests.models.test_folder import model  # noqa: F401 (a fixture)


def calibrated(model: Model) -> Model:  # noqa: F811
    rng, n = np.random.default_rng(0), len(model.tasks)
    task, logits = rng.integers(0, n, 500), rng.normal(0, 2, 500)
    counts = ScoreCounts.of(task, logits, rng.integers(0, 2, 500), n)
    model.beside["evidence"] = Evidence(counts, np.full((n, len(LEVELS)), np.inf), VALIDATION)
    slope, offset = rng.uniform(0.5, 1.5, n), rng.normal(0, 1, n)
    model.beside["calibration"] = Calibration(slope, offset, VALIDATION, 0.5, 0.4)
    return model


def test_older_versions_refuse_it(model: Model, tmp_path: Path) -> None:  # noqa: F811
    folders = [model.save(tmp_path / "plain"), calibrated(model).save(tmp_path / "calibrated")]
    configs = (json.loads((folder / "config.json").read_text()) for folder in folders)
    assert [config["format_version"] for config in configs] == [1, 3]


def test_both_are_read_again(
    model: Model,  # noqa: F811
    tmp_path: Path,
    nci_smiles: list[str],
) -> None:
    whole = calibrated(model)
    again = Model.load(whole.save(tmp_path / "model"))
    for calibrated_ in (True, False):
        expected, found = (
            each.predict(nci_smiles[:20], calibrated=calibrated_, confidence=True)
            for each in (whole, again)
        )
        assert expected.equals(found)
    assert whole.evidence is not None
    assert again.evidence is not None
    assert np.array_equal(again.evidence.counts.active, whole.evidence.counts.active)
    assert np.array_equal(again.evidence.counts.inactive, whole.evidence.counts.inactive)
    assert again.evidence.rows == VALIDATION


def test_of_no_molecules_there_is_an_empty_table(model: Model) -> None:  # noqa: F811
    whole = calibrated(model)
    found, one = (whole.predict(smiles, confidence=True) for smiles in ([], ["C"]))
    assert found.empty
    assert [*found.columns] == [*one.columns]


def test_exports_are_calibrated(model: Model, nci_smiles: list[str]) -> None:  # noqa: F811
    whole = calibrated(model)
    features = whole.featurize(nci_smiles[:8])
    arrays = feed(features)
    names = [each.name for each in raw_inputs(whole)]
    found = ExportedModel(whole)(*(torch.from_numpy(arrays[name]) for name in names))
    np.testing.assert_allclose(found.detach(), whole.predict_features(features), atol=1e-5)
    raw = whole.predict_features(features, calibrated=False)
    assert not np.allclose(found.detach(), raw, atol=1e-3)


@pytest.mark.parametrize(
    "change",
    [
        {"slope": [1.0]},
        {"slope": [0.0, 1.0, 1.0]},
        {"offset": [float("nan"), 0.0, 0.0]},
        {"offset": "much"},
        {"rows": None, "log_loss_after": "low"},
    ],
)
def test_what_is_no_calibration_is_refused(
    model: Model,  # noqa: F811
    tmp_path: Path,
    change: dict[str, object],
) -> None:
    whole = calibrated(model)
    folder = whole.save(tmp_path / "model")
    path = folder / "calibration.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ModelFolderError, match="was altered"):
        Model.load(folder)
    config = json.loads((folder / "config.json").read_text())
    from bioassay_mtl.models.calibration_file import CalibrationCompanion
    from bioassay_mtl.models.folder_checks import described

    with pytest.raises(ModelFolderError, match="calibration"), described(path, "content"):
        CalibrationCompanion().read(folder, config)


def test_a_calibration_can_be_taken_away(model: Model, tmp_path: Path) -> None:  # noqa: F811
    folder = calibrated(model).save(tmp_path / "model")
    amend_folder(folder, {"calibration": None})
    bare = Model.load(folder)
    assert bare.calibration is None
    assert bare.evidence is not None
