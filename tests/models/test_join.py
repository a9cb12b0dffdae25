"""Ensembles: the mean of their members, in every way that a model can be asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.models.join import join
from bioassay_mtl.models.model import Model
from bioassay_mtl.nn import build_network, network_config
from bioassay_mtl.nn.architectures.ensemble import EnsembleConfig
from bioassay_mtl.nn.resident import resident
from bioassay_mtl.nn.towers import towers
from bioassay_mtl.tasks.kinds import Binary, Multiclass, Regression, TaskKind
from bioassay_mtl.tasks.target_scaling import TargetScaler
from tests.nn import dense_models

TASKS = ("first", "second", "third")
MORGAN = {"morgan": {"kind": "morgan", "n_bits": 128}}
GRAPH = {"graph": {"kind": "graph"}}


def member(
    fingerprints: dict[str, Any],
    seed: int,
    kinds: tuple[TaskKind, ...] = (),
    tasks: tuple[str, ...] = TASKS,
    tower: str = "per_expert",
    **group: Any,
) -> Model:
    """An untrained model of one group of experts."""
    (name,) = fingerprints
    config = network_config(
        {
            "experts": [{"inputs": [name], "n": 4, "width": 8, **group}],
            "gate": {"kind": "static"},
            "connections": {"kind": "exclusivity", "share": 0.5, "seed": seed},
            "tower": {"kind": tower},
        }
    )
    featurizer = Featurizer.from_config({"fingerprints": fingerprints})
    torch.manual_seed(seed)
    network = build_network(config, featurizer.input_sizes, tasks, kinds)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    counts = {"active": [1] * len(tasks), "inactive": [9] * len(tasks)}
    values = TargetScaler(np.zeros(len(tasks)), np.ones(len(tasks))) if kinds else None
    return Model(
        network, config, featurizer, tasks, counts, kinds=kinds, target_scaler=values, name="one"
    )


def pair() -> list[Model]:
    """Members that read different things, of different widths."""
    return [member(MORGAN, 1), member(GRAPH, 2, kind="gine", width=4, hidden=8, depth=2)]


def logits(probabilities: Any) -> Any:
    return np.log(probabilities) - np.log1p(-probabilities)


def test_outputs_are_the_weighted_mean(nci_smiles: list[str]) -> None:
    models = pair()
    joined = join(models, weights=(0.7, 0.3))
    found = logits(joined.predict(nci_smiles[:40])[list(TASKS)].to_numpy())
    parts = [logits(model.predict(nci_smiles[:40])[list(TASKS)].to_numpy()) for model in models]
    np.testing.assert_allclose(found, 0.7 * parts[0] + 0.3 * parts[1], rtol=1e-3, atol=1e-4)


def test_equal_shares_unless_told(nci_smiles: list[str]) -> None:
    models = [member(MORGAN, seed) for seed in (1, 2, 3)]
    joined = join(models)
    found = logits(joined.predict(nci_smiles[:20])[list(TASKS)].to_numpy())
    parts = [logits(model.predict(nci_smiles[:20])[list(TASKS)].to_numpy()) for model in models]
    np.testing.assert_allclose(found, np.mean(parts, axis=0), rtol=1e-3, atol=1e-4)


def test_round_trip_through_a_folder(tmp_path: Path, nci_smiles: list[str]) -> None:
    joined = join(pair(), weights=(0.6, 0.4), name="both")
    loaded = Model.load(joined.save(tmp_path / "both"))
    assert loaded.name == "both"
    assert loaded.predict(nci_smiles[:30]).equals(joined.predict(nci_smiles[:30]))
    assert torch.equal(loaded.network.connections, joined.network.connections)
    networks: list[Any] = [loaded.network, joined.network]
    for mine, its in zip(*(network.members for network in networks), strict=True):
        assert torch.equal(mine.connections, its.connections)


def test_gates_sum_to_one_and_experts_stand_side_by_side(nci_smiles: list[str]) -> None:
    joined = join(pair(), weights=(0.6, 0.4))
    features = joined.featurize(nci_smiles[:5])
    inputs = {
        name: resident(block, torch.device("cpu")).batch(torch.arange(5))
        for name, block in features.blocks.items()
    }
    gates = joined.network.mixing_weights(inputs)
    assert gates.shape[1:] == (3, 8)
    torch.testing.assert_close(gates.sum(2), torch.ones_like(gates.sum(2)))
    assert (gates[:, ~joined.network.connections] == 0).all()
    assert joined.network.experts(inputs).shape == (5, 8, 8)


def test_other_kinds_of_tasks(nci_smiles: list[str]) -> None:
    kinds = (Binary(), Multiclass(classes=("a", "b", "c")), Regression())
    joined = join([member(MORGAN, seed, kinds) for seed in (1, 2)])
    table = joined.predict(nci_smiles[:10])
    assert list(table.columns) == ["status", *joined.columns]
    classes = table[[f"second[{name}]" for name in "abc"]].to_numpy()
    np.testing.assert_allclose(classes.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("tower", towers)
def test_values_of_other_scales_are_brought_to_one(nci_smiles: list[str], tower: str) -> None:
    kinds = (Binary(), Multiclass(classes=("a", "b", "c")), Regression())
    models = [member(MORGAN, seed, kinds, tower=tower) for seed in (1, 2, 3)]
    for number, model in enumerate(models):
        center, scale = np.array([0, 0, 5.0 - number]), np.array([1, 1, 0.5 + number])
        model.target_scaler = TargetScaler(center, scale)
    joined = join([models[0], join(models[1:])], weights=(1 / 3, 2 / 3))
    found, *parts = (model.predict(nci_smiles[:20]) for model in (joined, *models))
    values = np.mean([part["third"] for part in parts], axis=0)
    np.testing.assert_allclose(found["third"], values, rtol=1e-5)
    mean = np.mean([logits(part["first"].to_numpy()) for part in parts], axis=0)
    np.testing.assert_allclose(logits(found["first"].to_numpy()), mean, rtol=1e-3, atol=1e-4)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ConfigError, match="other tasks"):
        join([member(MORGAN, 1), member(MORGAN, 1, tasks=("first", "second", "other"))])
    with pytest.raises(ConfigError, match="input 'morgan'"):
        join([member(MORGAN, 1), member({"morgan": {"kind": "morgan", "n_bits": 64}}, 1)])
    with pytest.raises(ConfigError, match="weights"):
        join([member(MORGAN, 1), member(MORGAN, 2)], weights=(0.5, 0.6))
    with pytest.raises(ConfigError, match="members"):
        EnsembleConfig.of({"members": []})


def test_gates_of_members_read_what_they_did(tmp_path: Path, nci_smiles: list[str]) -> None:
    """A gate reads all inputs of its model, and those of an ensemble are more."""
    inputs = dense_models.BITS | dense_models.VALUES
    own = dense_models.mixture("linear", "linear", inputs)
    members = [
        dense_models.dense_model(dense_models.mixture("low_rank", "mlp"), seed=1),
        dense_models.dense_model(own, inputs=inputs, seed=2),
    ]
    joined = join(members)
    features = joined.featurize(nci_smiles[:30])
    with torch.inference_mode():
        outputs = [
            model.network(model.inputs(model.featurize(nci_smiles[:30]))) for model in members
        ]
        found = joined.network(joined.inputs(features))
    torch.testing.assert_close(found, torch.stack(outputs).mean(dim=0), rtol=1e-5, atol=1e-5)
    read = Model.load(joined.save(tmp_path / "joined"))
    np.testing.assert_array_equal(
        read.predict_features(features), joined.predict_features(features)
    )
    again = join([read, members[0]])
    assert again.network_config.members[0].members[1].gate.inputs == ("bits", "real")  # type: ignore[attr-defined]
