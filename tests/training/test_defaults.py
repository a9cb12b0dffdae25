"""Settings chosen for the panel at hand, and what is set by the user beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rdkit import Chem

from bioassay_mtl.chem.descriptors import DenseBlock
from bioassay_mtl.chem.features import PackedBits
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.fingerprints import fingerprint_from
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.panels import Panel
from bioassay_mtl.splits import split
from bioassay_mtl.training.batches import batch_size
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.defaults import (
    ALONE,
    DESCRIPTORS_ALONE,
    EPOCHS_OF_VALUES,
    MOST_EPOCHS,
    NO_STOPPING,
    RATE_ALONE,
    SMALL,
    SMALL_OF_FEW,
    STEPS_ALONE,
    settled,
)
from bioassay_mtl.training.ensemble import train_ensemble
from bioassay_mtl.training.fit import train
from bioassay_mtl.training.warm_start import warm_start
from tests.training.conftest import small_config
from tests.training.test_fit import same
from tests.training.test_resume import Killed

QUICK: dict[str, Any] = {"fingerprints": small_config().fingerprints, "loggers": ()}


def panel_of(n_rows: int, n_measured: int) -> Panel:
    labels = np.full((n_rows, 2), -1)
    labels[:n_measured, 0] = np.arange(n_measured) % 2
    return Panel.from_arrays(["C"] * n_rows, labels, ["a", "b"])


def ringed(smiles: list[str]) -> Panel:
    rings = [each.count("1") > 0 for each in smiles]
    return Panel.from_arrays(smiles, np.array(rings, int), ["ring"])


@pytest.mark.parametrize("n", [0, 1, 100, 999, 1000, 5000, SMALL, SMALL_OF_FEW - 1, SMALL_OF_FEW])
def test_what_is_chosen(n: int) -> None:
    config, why = settled(None, panel_of(max(n, 1), n))
    assert config.split.kind == "stratified"
    assert (config.split.fractions[1] == 0) == (n < NO_STOPPING)
    assert ("descriptors" in config.fingerprints) == (n < SMALL_OF_FEW)
    assert config.epochs >= TrainingConfig().epochs
    assert why.startswith("1 row: " if n == 1 else f"{n:,} rows: ")
    assert ("descriptors" in why) == (n < SMALL_OF_FEW)


def test_a_value_counts_for_six_outcomes() -> None:
    n = SMALL + 5_000
    outcomes = panel_of(n, n)
    values = Panel.from_arrays(outcomes.structures, np.arange(n), ["a"], kinds=["regression"])
    assert "descriptors" in settled(None, outcomes)[0].fingerprints
    assert "descriptors" not in settled(None, values)[0].fingerprints


def test_many_cells_are_a_large_panel_sooner() -> None:
    labels = np.arange(SMALL * 7).reshape(SMALL, 7) % 2
    for n_tasks in (6, 7):
        names = [f"a{n}" for n in range(n_tasks)]
        panel = Panel.from_arrays(["C"] * SMALL, labels[:, :n_tasks], names)
        assert ("descriptors" in settled(None, panel)[0].fingerprints) == (n_tasks == 6)


def test_rows_without_a_measurement_do_not_count() -> None:
    assert settled(None, panel_of(12_000, 100)) == settled(None, panel_of(100, 100))


def test_epochs_fall_with_rows_to_the_general_default() -> None:
    rows = (100, 1000, 2000, 5000, SMALL_OF_FEW - 1, SMALL_OF_FEW)
    epochs = [settled(None, panel_of(n, n))[0].epochs for n in rows]
    assert epochs == sorted(epochs, reverse=True)
    assert epochs[0] > epochs[-1] == TrainingConfig().epochs


def alone_of(n: int) -> Panel:
    return Panel.from_arrays(["C"] * n, np.arange(n) % 2, ["a"])


@pytest.mark.parametrize("n", [100, 300, 900, 1500, ALONE - 1])
def test_an_assay_alone_takes_so_many_steps_at_a_lower_rate(n: int) -> None:
    config, why = settled(None, alone_of(n))
    n_fit = round(config.split.fractions[0] * n)
    steps = config.epochs * round(n_fit / batch_size(config.batch_size, n_fit))
    assert steps >= STEPS_ALONE or config.epochs == MOST_EPOCHS
    assert steps < 1.2 * STEPS_ALONE
    assert config.learning_rate == RATE_ALONE
    assert f"a learning rate of {RATE_ALONE:g}" in why
    assert set(config.fingerprints) == {"morgan", "descriptors"}
    n_experts = {group.inputs: group.n for group in config.network.experts}  # type: ignore[attr-defined]
    assert n_experts == {("morgan",): 1, ("descriptors",): DESCRIPTORS_ALONE}


def test_larger_batches_take_more_epochs_alone() -> None:
    few, more = (settled({"batch_size": size}, alone_of(2000))[0] for size in (32, 512))
    assert more.epochs > few.epochs


@pytest.mark.parametrize(
    "given",
    [
        {"start_from": "pcba128"},
        {"network": TrainingConfig().network},
        {"fingerprints": {"graph": {"kind": "graph"}}},
    ],
)
def test_an_assay_alone_is_learned_as_others_where_the_experts_are_others(
    given: dict[str, Any],
) -> None:
    assert settled(given, alone_of(300))[0].learning_rate == TrainingConfig().learning_rate


def test_what_is_set_stays_of_an_assay_alone() -> None:
    config, why = settled({"learning_rate": 0.01, "epochs": 3}, alone_of(300))
    assert (config.learning_rate, config.epochs) == (0.01, 3)
    assert "rate" not in why
    assert settled(None, alone_of(ALONE))[0].learning_rate == TrainingConfig().learning_rate
    assert settled(None, panel_of(300, 300))[0].learning_rate == TrainingConfig().learning_rate


def test_values_take_more_epochs() -> None:
    many = panel_of(SMALL_OF_FEW, SMALL_OF_FEW)
    values = Panel.from_arrays(many.structures, many.labels[:, 0] + 0.5, ["a"], kinds=["censored"])
    config, why = settled(None, values)
    assert config.epochs == config.patience == EPOCHS_OF_VALUES
    assert f"{EPOCHS_OF_VALUES} epochs" in why
    assert settled({"epochs": 2}, values)[0].patience == TrainingConfig().patience


def test_what_is_set_stays() -> None:
    panel = panel_of(300, 300)
    rule, _ = settled(None, panel)
    given = {"epochs": 3, "split": {"seed": 5}}
    config, why = settled(given, panel)
    assert (config.epochs, config.split.seed) == (3, 5)
    assert (config.split.kind, config.split.fractions) == ("stratified", rule.split.fractions)
    assert (config.network, config.fingerprints) == (rule.network, rule.fingerprints)
    assert "epochs" not in why
    assert settled(TrainingConfig(epochs=3, split={"seed": 5}), panel)[0] == config
    large = panel_of(SMALL_OF_FEW, SMALL_OF_FEW)
    assert settled(config, large) == (config, "")  # settled once for all
    assert settled(TrainingConfig.of(TrainingConfig().model_dump()), panel)[1] == ""


def test_experts_read_the_inputs_that_are_set() -> None:
    config, why = settled(QUICK, panel_of(300, 300))
    assert [group.inputs for group in config.network.experts] == [("morgan",)]  # type: ignore[attr-defined]
    assert "descriptors" not in why


def test_a_search_has_rows_to_judge_by() -> None:
    config, _ = settled(None, panel_of(300, 300), stops=True)
    assert config.split.fractions[1] > 0


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        (["morgan"], None),
        (["descriptors"], "descriptors"),
        (["morgan", "descriptors"], "descriptors beside fingerprints"),
    ],
    ids=str,
)
def test_a_network_of_low_dimension_is_given_what_it_reads(
    inputs: list[str], words: str | None
) -> None:
    network = {"kind": "low_dimensional", "inputs": inputs}
    config, why = settled({"network": network}, panel_of(300, 300))
    assert [*config.fingerprints] == inputs
    chosen = why.removeprefix("300 rows: ").split(", ")
    assert [each for each in chosen if "descriptors" in each] == ([words] if words else [])
    assert settled(config, panel_of(300, 300))[0] == config


def test_a_small_panel_reads_descriptors_beside_the_experts_it_starts_from() -> None:
    config, why = settled({"start_from": "pcba128"}, panel_of(300, 300))
    assert set(config.fingerprints) == {"morgan", "torsion", "atom_pair", "descriptors"}
    groups = config.network.experts  # type: ignore[attr-defined]
    assert [group.learning_rate_factor for group in groups] == [0.1, 0.1, 0.1, 1.0]
    assert {group.width for group in groups} == {600}
    assert "descriptors beside the experts it starts from" in why
    start = warm_start(config)
    assert start is not None
    assert {name.split(".")[1] for name in start.weights} == {"0", "1", "2"}
    assert settled(config, panel_of(300, 300))[0] == config


@pytest.mark.parametrize("name", ["network", "fingerprints"])
def test_a_warm_start_leaves_given_inputs_and_experts_alone(name: str) -> None:
    given = {name: getattr(TrainingConfig(), name)}
    config, why = settled({"start_from": "pcba128", **given}, panel_of(300, 300))
    assert set(config.fingerprints) == {"morgan", "torsion", "atom_pair"}
    assert "descriptors" not in why
    assert "units" not in why


def test_a_large_panel_starts_from_experts_as_they_are() -> None:
    config, why = settled({"start_from": "pcba128"}, panel_of(SMALL_OF_FEW, SMALL_OF_FEW))
    assert set(config.fingerprints) == {"morgan", "torsion", "atom_pair"}
    assert "descriptors" not in why


@pytest.mark.soak
def test_features_without_structures_are_read_as_they_are() -> None:
    rng = np.random.default_rng(0)
    prints = PackedBits(rng.integers(0, 256, (60, 8), np.uint8), 64)
    plate = DenseBlock(rng.normal(size=(60, 5)).astype(np.float32))
    blocks = {"prints": prints, "plate": plate}
    panel = Panel.from_arrays(blocks, plate.values[:, 0] > 0, ["a"])
    model = train(panel, {"epochs": 10, "loggers": ()})
    assert {n: f.kind for n, f in model.featurizer.fingerprints.items()} == {
        "prints": "given",
        "plate": "dense",
    }
    assert model.metrics["test"]["macro"]["roc_auc"] > 0.7


def test_what_real_columns_of_graphs_are_is_asked_for() -> None:
    settings = {"kind": "graph", "random_walk": 2}
    block = fingerprint_from(settings).block([Chem.MolFromSmiles("CCO")] * 20)
    panel = Panel.from_arrays({"mine": block}, [0, 1] * 10, ["a"])
    with pytest.raises(ConfigError, match=r"'mine'.*2 real columns.*fingerprints\.mine"):
        settled({}, panel)
    config, _ = settled({"fingerprints": {"mine": settings}}, panel)
    assert config.fingerprints["mine"]["random_walk"] == 2
    assert len(panel_features(panel, Featurizer.from_config({"fingerprints": {"mine": settings}})))


def test_the_folder_records_what_was_chosen_and_a_resumed_run_is_the_same(
    nci_smiles: list[str], tmp_path: Path
) -> None:
    panel, asked = ringed(nci_smiles[:100]), {**QUICK, "epochs": 3, "effort": "quick"}
    whole = train(panel, asked)
    out = tmp_path / "mine"

    def stop(record: Any) -> None:
        if record["epoch"] == 2:
            raise Killed

    with pytest.raises(Killed):
        train(panel, asked, out=out, progress=stop)
    resumed = train(panel, asked, out=out, resume=True)
    assert same(whole, resumed)
    known = Model.load(out).training
    config, why = settled(asked, panel)
    assert (known["chosen"], TrainingConfig.of(known["config"])) == (why, config)
    joined = train_ensemble(panel, asked, 2)
    assert joined.training["chosen"] == why


def test_a_run_that_goes_on_reads_what_its_model_reads(nci_smiles: list[str]) -> None:
    config = {"epochs": 1, "loggers": (), "network": small_config().network}
    model = train(ringed(nci_smiles[:60]), QUICK | config)
    more = train(ringed(nci_smiles[60:160]), {"epochs": 1, "loggers": ()}, start=model)
    assert more.network_config == model.network_config


def test_a_small_panel_is_trained(nci_smiles: list[str]) -> None:
    panel = ringed(nci_smiles[:120])
    model = train(panel, {"epochs": 12, "loggers": (), "effort": "quick"})
    parts = split(panel, TrainingConfig.of(model.training["config"]).split)
    assert model.metrics["valid"] is None
    assert model.metrics["test"]["n_molecules"] in (len(parts.test), len(parts.test) - 1)
    assert model.metrics["test"]["macro"]["roc_auc"] > 0.8


def test_an_unknown_input_is_named_before_anything_is_computed() -> None:
    network = {"kind": "mmoeex", "experts": [{"inputs": ["morgn"], "n": 2}]}
    with pytest.raises(ConfigError, match="unknown input 'morgn'; the inputs are morgan, torsion"):
        settled({"network": network}, panel_of(10, 10))
    gate = {"kind": "mmoe", "experts": {"inputs": ["morgan"]}, "gate": {"inputs": ["nothing"]}}
    with pytest.raises(ConfigError, match="unknown input 'nothing'"):
        settled({"network": gate}, panel_of(10, 10))


@pytest.mark.parametrize("given", ["panel.csv", pd.DataFrame({"smiles": ["CCO"], "a": [1]})])
def test_a_panel_is_expected(given: Any) -> None:
    with pytest.raises(ConfigError, match=r"a Panel is expected, found .*: Panel\.read\(file\)"):
        train(given, QUICK)
