"""Networks of low dimension are trained, saved and screened with as any others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.models.model import Model
from bioassay_mtl.nn.network import n_weights
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.training import train
from bioassay_mtl.training.config import TrainingConfig
from tests.conftest import Run
from tests.training.conftest import small_config

LOW = {
    "kind": "low_dimensional",
    "inputs": ["morgan"],
    "width": 16,
    "coordinates": 4,
    "shared": 80,
}


@pytest.fixture(scope="module")
def rules_panel(nci_smiles: list[str]) -> Panel:
    """900 NCI molecules, 3 assays by rule: enough to tell what is learned from what is not."""
    smiles = nci_smiles[:900]
    rules = ("N", "S", "Cl")
    labels = np.array([[float(rule in each) for rule in rules] for each in smiles])
    labels[np.random.default_rng(0).random(labels.shape) < 1 / 3] = np.nan
    return Panel.from_arrays(smiles, labels, ["nitrogen", "sulfur", "chlorine"])


def config(low: dict[str, Any] | None = None, **changes: Any) -> TrainingConfig:
    return small_config(**{"network": LOW | (low or {}), "epochs": 8} | changes)


def fitted(model: Model) -> float:
    """ROC-AUC on the test rows."""
    found = model.metrics["test"]["macro"]["roc_auc"]
    assert isinstance(found, float)
    return found


@pytest.fixture(scope="module")
def folder(rules_panel: Panel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("low") / "low"
    train(rules_panel, config(), out=out)
    return out


def test_few_numbers_learn_and_are_an_ordinary_model(folder: Path, rules_panel: Panel) -> None:
    model = Model.load(folder)
    assert n_weights(model.network) == 4 * 80 + 3 * 4 + 3
    assert fitted(model) > 0.8
    again = train(rules_panel, config())
    smiles = ["c1ccccc1N", "CCCl", "CCO"]
    assert model.predict(smiles).equals(again.predict(smiles))  # same seed, same bits
    assert (folder / "model.safetensors").stat().st_size < 4_000


def test_it_screens(folder: Path, tmp_path: Path, cli: Run) -> None:
    library = tmp_path / "library.smi"
    library.write_text("c1ccccc1N\nCCCl\nno\n")
    done = cli("screen", library, "--model", folder, "-o", tmp_path / "hits.csv")
    assert done.code == 0, done.err
    lines = (tmp_path / "hits.csv").read_text().splitlines()
    assert len(lines) == 4
    assert "invalid_smiles" in lines[3]


@pytest.mark.soak
@pytest.mark.parametrize("form", ["product", "single", "free"])
def test_other_forms_learn(form: str, rules_panel: Panel) -> None:
    coordinates = 40 if form == "single" else 4
    low = {"form": form, "coordinates": coordinates, "shared": 160}
    model = train(rules_panel, config(low))
    assert fitted(model) > 0.75


@pytest.mark.parametrize(
    "balance",
    [
        "two_step",
        *(pytest.param(kind, marks=pytest.mark.soak) for kind in ("pcgrad", "gradnorm")),
        "uncertainty",
        "dwa",
    ],
)
@pytest.mark.cases(1)
def test_balancers_work(balance: str, rules_panel: Panel) -> None:
    model = train(rules_panel, config(balance=balance))
    assert fitted(model) > 0.65


def test_the_exact_two_steps_of_tasks_step_on_their_coordinates(small_panel: Panel) -> None:
    from bioassay_mtl.balance.two_step.task_parameters import own_parameters

    model = train(small_panel, config(balance={"kind": "two_step", "order": 2}, epochs=2))
    own = own_parameters(model.network)
    assert set(own) == {"tower.bias", "tower.coordinates"}


def test_few_measured_cells_are_read_alone(small_panel: Panel) -> None:
    from bioassay_mtl.training import batches

    dense = train(small_panel, config(epochs=3, average=0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "FEWEST_SPARSE_TASKS", 1)
        patch.setattr(batches, "MOST_SPARSE_SHARE", 1.0)
        sparse = train(small_panel, config(epochs=3, average=0))
    smiles = ["c1ccccc1N", "CCCl", "CCO"]
    one, two = (model.predict_features(model.featurize(smiles)) for model in (dense, sparse))
    np.testing.assert_allclose(one, two, atol=1e-3)


def test_theta_0_can_be_an_expert_of_a_model(small_panel: Panel, tmp_path: Path) -> None:
    source = tmp_path / "source"
    experts = [{"inputs": ["morgan"], "n": 2, "width": 16, "depth": 2}]
    train(small_panel, small_config(network={"experts": experts}, epochs=3), out=source)
    out = tmp_path / "low"
    model = train(small_panel, config(start_from=str(source), epochs=2), out=out)
    taken = Model.load(source).network.state_dict()["groups.0.first.tables.morgan"][:, :16]
    assert torch.equal(model.network.space.origin[: 256 * 16].view(256, 16), taken)  # type: ignore[attr-defined]
    smiles = ["c1ccccc1N", "CCCl", "CCO"]
    assert Model.load(out).predict(smiles).equals(model.predict(smiles))
    assert model.training["start_from"]["name"] == "source"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"balance": {"kind": "two_step", "scope": "all"}}, "scope 'task' steps on the"),
        ({"network": LOW | {"form": "single"}, "balance": "pcgrad"}, "nothing to balance"),
        ({"network": LOW | {"origin": "model"}}, "set start_from"),
        ({"precision": "bfloat16"}, "are learned in float32"),
        ({"network": {"kind": "low_dimensional"}}, "needs the inputs that it reads"),
        ({"network": LOW | {"inputs": ["none"]}}, "unknown input 'none'"),
    ],
)
def test_what_it_cannot_obey_is_refused(
    changes: dict[str, Any], said: str, small_panel: Panel
) -> None:
    with pytest.raises(ConfigError, match=said):
        train(small_panel, config(**changes))


def test_a_model_without_such_an_expert_is_refused(small_panel: Panel, tmp_path: Path) -> None:
    train(small_panel, small_config(epochs=1), out=tmp_path / "source")
    with pytest.raises(ConfigError, match="it has no expert of 2 layers of 24 relu units"):
        train(small_panel, config({"width": 24}, start_from=str(tmp_path / "source")))


def test_inputs_that_it_does_not_read_are_not_made(small_panel: Panel) -> None:
    from bioassay_mtl.training.defaults import settled

    found, _ = settled({"network": LOW}, small_panel)
    assert set(found.fingerprints) == {"morgan"}
    assert settled(found, small_panel)[0] == found
