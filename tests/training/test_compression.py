"""A compressed model is its code: small, and the same predictions to the bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from bioassay_mtl.errors import ConfigError, InputError, ModelFolderError
from bioassay_mtl.models.coded import code_of
from bioassay_mtl.models.model import Model
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.tasks.measured import MeasuredCells
from bioassay_mtl.training import train
from bioassay_mtl.training.compression import compress
from bioassay_mtl.training.compression.thresholds import best_thresholds
from tests.conftest import Run
from tests.training.conftest import small_config
from tests.training.test_low_dimensional import LOW, config, rules_panel

pytest.importorskip("constriction")
__all__ = ["rules_panel"]


@pytest.fixture(scope="module")
def model(rules_panel: Panel, tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("low") / "low"
    train(rules_panel, config(), out=folder)
    return Model.load(folder)


@pytest.fixture(scope="module")
def coded(model: Model, rules_panel: Panel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("coded") / "coded"
    compress(model, {"epochs": 3}, panel=rules_panel, out=out)
    return out


def roc(model: Model) -> float:
    found = model.metrics["test"]["macro"]["roc_auc"]
    assert isinstance(found, float)
    return found


def test_the_folder_is_a_code_and_predicts_to_the_bit(
    model: Model, rules_panel: Panel, tmp_path: Path, nci_smiles: list[str]
) -> None:
    before = model.predict(nci_smiles[:50])
    made = compress(model, {"epochs": 2}, panel=rules_panel, out=tmp_path / "coded")
    again = Model.load(tmp_path / "coded")
    assert again.predict(nci_smiles[:50]).equals(made.predict(nci_smiles[:50]))
    assert model.predict(nci_smiles[:50]).equals(before)  # which stays as it is
    one, two = code_of(made.network), code_of(again.network)
    assert one is not None and two is not None  # noqa: PT018
    assert one.bits == two.bits
    for name, held in again.network.state_dict().items():
        assert torch.equal(held, made.network.state_dict()[name])
    again.save(tmp_path / "third")
    assert (tmp_path / "third/model.safetensors").read_bytes() == (
        tmp_path / "coded/model.safetensors"
    ).read_bytes()


def test_it_is_small_and_hardly_worse(model: Model, coded: Path) -> None:
    found = Model.load(coded)
    code = code_of(found.network)
    assert code is not None
    assert code.n_numbers == 4 * 80 + 3 * 4 + 3 + 3
    assert code.bits < 8 * 338
    assert (coded / "model.safetensors").stat().st_size < 1_000
    assert roc(found) > roc(model) - 0.1
    assert found.training["compressed"]["tuned"]
    assert sum(file.stat().st_size for file in coded.iterdir()) < 15_000
    assert len(found.sheet.assays) == len(found.tasks)


def test_fewer_levels_are_fewer_bits(model: Model) -> None:
    sizes = [code_of(compress(model, {"levels": n}).network).bits for n in (2, 4, 16)]  # type: ignore[union-attr]
    assert sizes == sorted(sizes)
    assert len(set(sizes)) == 3


def test_rounded_alone_it_claims_no_metrics(model: Model) -> None:
    found = compress(model)
    assert found.metrics == {"valid": None, "test": None}
    assert not found.training["compressed"]["tuned"]


def test_the_command_tells_sizes(model: Model, coded: Path, tmp_path: Path, cli: Run) -> None:
    model.save(tmp_path / "low")
    done = cli("compress", tmp_path / "low", "--out", tmp_path / "coded")
    assert done.code == 0, done.err
    assert "bits a number" in done.err
    told = cli("info", coded)
    assert "bits a number" in told.out
    done = cli("compress", coded, "--out", tmp_path / "again")
    assert done.code == 2
    assert "is coded already" in done.err


def test_what_has_no_few_numbers_is_refused(rules_panel: Panel, model: Model) -> None:
    ordinary = train(rules_panel.take(np.arange(60)), small_config(epochs=1))
    with pytest.raises(ConfigError, match="is no model of low dimension"):
        compress(ordinary)
    with pytest.raises(InputError, match="the panel that 'low' was trained on is expected"):
        compress(model, panel=rules_panel.take(np.arange(60)))


def test_a_code_of_another_network_is_refused(coded: Path, tmp_path: Path) -> None:
    import json
    import shutil

    from bioassay_mtl.models.folder import _digest

    shutil.copytree(coded, tmp_path / "other")
    path = tmp_path / "other/config.json"
    written = json.loads(path.read_text())
    written["network"] = LOW | {"shared": 81}
    written["sha256"]["config.json"] = _digest(written)
    path.write_text(json.dumps(written))
    with pytest.raises(ModelFolderError, match=r"model\.safetensors"):
        Model.load(tmp_path / "other")


def test_thresholds_have_the_least_balanced_error() -> None:
    rng = np.random.default_rng(0)
    outputs = rng.standard_normal((60, 2)).astype(np.float32).round(1)
    labels = (outputs + rng.standard_normal((60, 2)) > 0.8).astype(float)
    labels[:, 1] = 0
    found = best_thresholds(outputs, MeasuredCells.from_dense(labels))

    def error(threshold: float) -> float:
        said, active = outputs[:, 0] > threshold, labels[:, 0] > 0.5
        return float((~said[active]).mean() + said[~active].mean())

    assert error(found[0]) == min(map(error, outputs[:, 0]))
    assert found[1] == 0
