"""A new assay is learned from few molecules, by its own numbers alone."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.models.model import Model
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.training import train
from bioassay_mtl.training.adaptation import BIAS_STEP, adapt
from bioassay_mtl.training.certificate import certify
from bioassay_mtl.training.compression import compress
from tests.conftest import Run
from tests.training.conftest import small_config
from tests.training.test_low_dimensional import config

RULES = ("N", "C=C", "Cl", "O", "S", "=O")


def panel_of(smiles: list[str], rules: tuple[str, ...]) -> Panel:
    labels = np.array([[float(rule in each) for rule in rules] for each in smiles])
    return Panel.from_arrays(smiles, labels, [f"has {rule}" for rule in rules])


@pytest.fixture(scope="module")
def source(nci_smiles: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six assays by rule; the new one is a mixture of them."""
    out = tmp_path_factory.mktemp("source") / "source"
    train(panel_of(nci_smiles[:900], RULES), config({"coordinates": 6}, epochs=12), out=out)
    return out


@pytest.fixture(scope="module")
def new(nci_smiles: list[str]) -> Panel:
    return panel_of(list(dict.fromkeys(nci_smiles[2_000:2_600])), ("C=C", "O"))


@pytest.mark.soak
def test_few_molecules_are_enough(source: Path, new: Panel, tmp_path: Path) -> None:
    model = Model.load(source)
    found = adapt(model, new, {"test_share": 0.8}, out=tmp_path / "new")
    assert found.training["rows"]["train"] < 130
    assert found.metrics["test"]["macro"]["roc_auc"] > 0.75
    again = Model.load(tmp_path / "new")
    smiles = ["c1ccccc1O", "CCO", "CCN"]
    assert again.predict(smiles).equals(found.predict(smiles))
    for name, held in model.network.state_dict().items():
        if name.startswith("space."):
            assert torch.equal(held, found.network.state_dict()[name])


def test_each_assay_is_learned_by_itself(source: Path, new: Panel) -> None:
    model = Model.load(source)
    alone = adapt(model, new.select_tasks(new.tasks[1:]))
    features = model.featurize(new.structures or [])
    one, two = (each.predict_features(features) for each in (adapt(model, new), alone))
    assert np.nanmax(np.abs(one[:, 1:] - two)) < 0.1


def test_a_strong_prior_keeps_to_the_known_assays(source: Path, new: Panel) -> None:
    model = Model.load(source)
    mean = model.network.state_dict()["tower.coordinates"].mean(0)
    far = [
        (adapt(model, new, {"prior": w}).network.state_dict()["tower.coordinates"] - mean).norm()
        for w in (1.0, 100.0, 1e6)
    ]
    assert far[0] > far[1] > far[2]
    assert far[2] < 0.05


def test_of_a_coded_model_new_assays_are_certified(source: Path, new: Panel) -> None:
    pytest.importorskip("constriction")
    coded = compress(Model.load(source), {"levels": 4})
    found = adapt(coded, new, {"test_share": 0.3})
    bias = found.network.state_dict()["tower.bias"] / BIAS_STEP
    assert torch.equal(bias, bias.round())
    said = certify(found, new)
    assert [each.name for each in said.statements] == list(new.tasks)
    for each in said.statements:
        assert each.held_out is not None
        assert max(each.rates.seen, each.held_out) < each.rates.bound
    assert min(each.rates.bound for each in said.statements) < 0.5
    assert said.complexity < 40
    with pytest.raises(ConfigError, match="adapt a compressed model"):
        certify(adapt(Model.load(source), new), new)


def test_what_has_no_directions_is_refused(source: Path, new: Panel) -> None:
    ordinary = train(new.take(np.arange(60)), small_config(epochs=1))
    with pytest.raises(ConfigError, match="has no directions that tasks share"):
        adapt(ordinary, new)
    values = Panel.from_arrays(
        ["CCO", "CCN", "CCC"], [[0.1], [2.5], [1.7]], ["value"], kinds=["regression"]
    )
    with pytest.raises(ConfigError, match="prior"):
        adapt(Model.load(source), new, {"prior": float("inf")})
    with pytest.raises(ConfigError, match=r"must be binary, and 1 assay of 1 is not \(value\)"):
        adapt(Model.load(source), values)


def test_the_command_tells_how_few_numbers(source: Path, tmp_path: Path, cli: Run) -> None:
    table = tmp_path / "new.csv"
    rows = ["CCO,1", "CCN,0", "c1ccccc1O,1", "CCCl,0", "OCC(O)C,1", "CCCC,0"]
    table.write_text("\n".join(["smiles,inhibits_a", *rows]) + "\n")
    done = cli("adapt", source, table, "--out", tmp_path / "new")
    assert done.code == 0, done.err
    assert "1 assay of 7 numbers each, learned from 6 molecules" in done.err
    assert "held-out" not in done.err
    assert cli("screen", table, "--model", tmp_path / "new", "-o", tmp_path / "hits.csv").code == 0


def test_what_is_left_out_is_spread_over_outcomes_and_scored(
    source: Path, nci_smiles: list[str], tmp_path: Path, cli: Run
) -> None:
    smiles = list(dict.fromkeys(nci_smiles[2_000:2_200]))[:100]
    table, at = tmp_path / "new.csv", tmp_path / "new"
    rows = [f"{each},{int(number % 10 == 0)}" for number, each in enumerate(smiles)]
    table.write_text("\n".join(["smiles,rare", *rows]) + "\n")
    done = cli("adapt", source, table, "--out", at, "--test-share", 0.3)
    assert done.code == 0, done.err
    assert re.search(r"held-out test molecules \(30\): ROC-AUC 0\.\d+ \(0\.\d+ to ", done.err)
    assert "average precision" in done.err
    assert ", 0.1 by chance)" in done.err
    found = Model.load(at)
    assert found.metrics["test"]["tasks"][0]["n_actives"] == 3
    assert found.training["config"]["split"]["kind"] == "stratified"
