"""Networks of trees learn every kind of task, the same from the same seed, and go as models go."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import bioassay_mtl as bm
from bioassay_mtl.errors import ConfigError, ExportError, MissingExtraError
from bioassay_mtl.models.join import join
from bioassay_mtl.models.model import Model
from bioassay_mtl.nn.trees.nodes import checked_trees
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.tasks import Censored
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.estimate import estimate
from bioassay_mtl.training.fit import train
from tests.needs import installed
from tests.training.conftest import small_config
from tests.training.test_mixed_kinds import KINDS, PARTS, mixed_panel  # noqa: F401 (a fixture)

installed("xgboost", "trees")

KIND = pytest.mark.parametrize("kind", ["boosted_trees", "forest"])
SMILES = ["CCO", "c1ccccc1O", "CC(=O)Nc1ccc(O)cc1", "CCN(CC)CC", "not a molecule"]


def trees(kind: str, **settings: Any) -> dict[str, Any]:
    return {"kind": kind, "inputs": ["morgan"], "n_trees": 30, **settings}


def tree_config(network: dict[str, Any], **changes: Any) -> TrainingConfig:
    """Trees on 256 bits."""
    prints = {"morgan": {"kind": "morgan", "n_bits": 256}}
    return TrainingConfig.of({"fingerprints": prints, "network": network, "split": PARTS} | changes)


def grown(panel: Panel, kind: str, seed: int = 0, **settings: Any) -> Model:
    return train(panel, tree_config(trees(kind, **settings), seed=seed))


@KIND
def test_every_kind_of_task_learns(mixed_panel: Panel, kind: str, tmp_path: Path) -> None:  # noqa: F811
    model = grown(mixed_panel, kind)
    macro = model.metrics["test"]["macro_by_kind"]
    assert set(macro) == {kind.kind for kind in KINDS}
    assert macro["binary"]["roc_auc"] > 0.7
    assert macro["multiclass"]["roc_auc_ovr"] > 0.6
    assert macro["ordinal"]["quadratic_kappa"] > 0.1
    assert macro["regression"]["r2"] > 0.1
    assert macro["censored"]["concordance"] > 0.6
    assert model.embed(["CCO"]).shape == (1, len(model.network.outputs.owner))
    model.save(tmp_path / "m")
    again = bm.load(tmp_path / "m").predict(SMILES)
    assert again.equals(model.predict(SMILES))
    half = bm.load(model.save(tmp_path / "half", half=True))
    assert torch.equal(half.network.nodes, model.network.nodes)  # type: ignore[attr-defined]
    assert f"{len(model.network.nodes):,}"[:2] in repr(model)  # type: ignore[attr-defined]


@KIND
def test_a_molecule_has_its_own_predictions(small_panel: Panel, kind: str) -> None:
    model = grown(small_panel, kind)
    smiles = list(small_panel.structures or ())[:300]
    together = model.predict(smiles)
    alone = [model.predict([each]).iloc[0, 1:] for each in smiles[:5]]
    assert (together.iloc[:5, 1:].to_numpy() == np.array(alone)).all()
    features = model.featurize(smiles)
    features = features.take(np.flatnonzero(features.ok))
    with torch.no_grad():
        plain = model.network(model.dense_inputs(features))
        sparse = model.network(model.inputs(features))
    assert torch.equal(plain, sparse)


@KIND
@pytest.mark.cases(1)
def test_the_same_seed_gives_the_same_bytes(small_panel: Panel, kind: str, tmp_path: Path) -> None:
    content = []
    for number, (seed, n_threads) in enumerate([(0, 1), (0, 2), (1, 1)]):
        torch.set_num_threads(n_threads)
        folder = grown(small_panel, kind, seed).save(tmp_path / str(number))
        content.append((folder / "model.safetensors").read_bytes())
    assert content[0] == content[1]
    assert content[0] != content[2]
    one = small_panel.select_tasks(["aromatic"])
    nodes = []
    for n_threads in (1, 2):
        torch.set_num_threads(n_threads)
        nodes.append(grown(one, kind).network.nodes)  # type: ignore[attr-defined]
    assert torch.equal(*nodes)


@KIND
def test_assays_that_tell_nothing_get_their_base_rate(small_panel: Panel, kind: str) -> None:
    """One outcome alone, or fewer rows than trees need."""
    labels = small_panel.labels.astype(float)
    labels[labels < 0] = np.nan
    labels[:, 0] = np.where(np.isnan(labels[:, 0]), np.nan, 0)
    labels[9:, 1] = np.nan
    panel = Panel.from_arrays(list(small_panel.structures or ()), labels, small_panel.tasks)
    settings = tree_config(trees(kind), split={"fractions": (0.9, 0.0, 0.1)})
    model = train(panel, settings)
    found = model.predict(SMILES[:4]).iloc[:, 1:].to_numpy()
    assert np.ptp(found[:, :2], axis=0).tolist() == [0, 0]
    assert np.ptp(found[:, 2]) > 0
    start = model.network.outputs.start(panel.cells.take(np.arange(len(panel))))
    assert found[0, 0] < 0.05
    assert np.isfinite(found).all()
    assert len(start) == 3
    assert set(model.network.output.tolist()) == {2}  # type: ignore[attr-defined]


@KIND
def test_bounds_are_no_values(nci_smiles: list[str], kind: str) -> None:
    """Where high values are said to be high alone, predictions go on beyond the bound."""
    smiles = nci_smiles[:300]
    true = np.array([sum(map(text.upper().count, "CON")) for text in smiles], float)
    cut = np.quantile(true, 0.7)
    bounds = np.where(true > cut, 1, 0)[:, None].astype(np.int8)
    kinds = [Censored(unit="pIC50")]
    beyond = []
    for sides in (bounds, np.zeros_like(bounds)):
        panel = Panel.from_arrays(
            smiles, np.minimum(true, cut)[:, None], ["a"], kinds=kinds, bounds=sides
        )
        rate: dict[str, Any] = {"learning_rate": 0.1} if kind == "boosted_trees" else {}
        model = grown(panel, kind, n_trees=100, **rate)
        found = model.predict(smiles)["a"].to_numpy()
        beyond.append(np.nanmean(found[true > cut]))
    assert beyond[0] > beyond[1] + 0.2


@KIND
@pytest.mark.cases(1)
def test_weights_of_cells_and_of_actives_count(small_panel: Panel, kind: str) -> None:
    plain = grown(small_panel, kind)
    full = train(small_panel, tree_config(trees(kind), positive_weight="full"))
    smiles = list(small_panel.structures or ())[:-1]
    rare = "chlorine"
    said = [each.predict(smiles, calibrated=False)[rare].mean() for each in (plain, full)]
    assert said[1] > said[0] + 0.02
    weights = np.where(small_panel.labels == 1, 20, 1)
    weighted = train(small_panel, tree_config(trees(kind)), weights=weights)
    again = weighted.predict(smiles, calibrated=False)[rare].mean()
    assert again > said[0] + 0.02


def test_trees_and_networks_are_joined(mixed_panel: Panel) -> None:  # noqa: F811
    forest = grown(mixed_panel, "forest")
    network = train(mixed_panel, small_config(split={**PARTS, "seed": 1}))
    joined = join([network, forest], [0.25, 0.75])
    features = joined.featurize(SMILES[:4])
    inputs = joined.inputs(features)
    rescaled = join([network, forest], [1e-9, 1 - 1e-9]).predict(SMILES[:4]).iloc[:, 1:]
    raw = forest.predict_features(forest.featurize(SMILES[:4]), calibrated=False)
    np.testing.assert_allclose(rescaled, raw, rtol=1e-4)
    assert joined.network.connections.shape == (5, 3)
    assert joined.network.mixing_weights(inputs).sum(dim=2).allclose(torch.ones(1))


def test_what_trees_do_not_do_is_refused(small_panel: Panel, tmp_path: Path) -> None:
    setting: dict[str, Any]
    for setting, said in (
        ({"balance": "gradnorm"}, "balance"),
        ({"loss": "focal"}, "loss"),
        ({"sampling": "balanced"}, "sampling"),
        ({"value_loss": {"huber": 1.0}}, "huber"),
        ({"devices": 2}, "devices"),
    ):
        with pytest.raises(ConfigError, match=said):
            train(small_panel, {"network": trees("forest"), **setting})
    for setting in ({"epochs": 3}, {"learning_rate": 0.1}, {"task_weights": {"aromatic": 2}}):
        with pytest.raises(ConfigError, match=f"{next(iter(setting))} cannot be obeyed"):
            train(small_panel, {"network": trees("forest"), **setting})
    with pytest.raises(ConfigError, match=r"network\.inputs=\[morgan"):
        train(small_panel, {"network": {"kind": "forest"}})
    model = grown(small_panel, "forest", n_trees=2)
    folder = model.save(tmp_path / "trees")
    with pytest.raises(ExportError, match="trees cannot be written as onnx"):
        model.export(tmp_path / "m.onnx")
    with pytest.raises(ConfigError, match="no experts to start from"):
        train(small_panel, {"start_from": str(folder)})
    with pytest.raises(ConfigError, match="cannot go on"):
        train(small_panel, tree_config(trees("forest", n_trees=2)), start=model)


def test_graphs_are_refused(small_panel: Panel) -> None:
    prints = {"graph": {"kind": "graph"}}
    network = trees("forest") | {"inputs": ["graph"]}
    with pytest.raises(ConfigError, match="trees read no graph"):
        train(small_panel, {"fingerprints": prints, "network": network})


def test_a_search_of_steps_is_refused() -> None:
    from bioassay_mtl.training.search_space import search_space

    with pytest.raises(ConfigError, match=r"no setting of network\.kind forest is searched"):
        search_space(tree_config(trees("forest")))


def test_the_time_is_estimated(small_panel: Panel) -> None:
    found = estimate(small_panel, tree_config(trees("boosted_trees")))
    assert found is not None
    assert found.epochs > 0


def test_a_forest_is_one_of_members_and_folds(small_panel: Panel) -> None:
    from bioassay_mtl.training.ensemble import train_ensemble

    config = tree_config(trees("forest", n_trees=5))
    model = train_ensemble(small_panel, config, members=2)
    assert model.network.connections.shape == (3, 2)
    for member in model.network.members:  # type: ignore[attr-defined]
        assert len(checked_trees(member.trees, 256, 3)) == 10  # one assay has one outcome


def test_the_missing_package_is_named_before_anything_is_fitted(
    small_panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xgboost", None)
    with pytest.raises(MissingExtraError, match=r"bioassay-mtl\[trees\]"):
        grown(small_panel, "forest")


@pytest.mark.soak
def test_who_uses_no_trees_does_not_import_them() -> None:
    program = (
        "import sys, bioassay_mtl as bm, bioassay_mtl.training.fit\n"
        "bm.load('pcba128').predict(['CCO'])\n"
        "bm.TrainingConfig(network={'kind': 'forest', 'inputs': ['morgan']})\n"
        "print([m for m in ('xgboost', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
