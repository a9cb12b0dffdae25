"""Linear models learn every kind of task, as scikit-learn's do, and go as models go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge

import bioassay_mtl as bm
from bioassay_mtl.chem.features import Features
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.models.export import export
from bioassay_mtl.models.join import join
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.nn.inputs import InputLinear
from bioassay_mtl.nn.trees.rows import tree_rows
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split
from bioassay_mtl.tasks import Censored, Multiclass
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.fit import train
from tests.training.test_mixed_kinds import KINDS, PARTS, mixed_panel  # noqa: F401 (a fixture)

SMILES = ["CCO", "c1ccccc1O", "CC(=O)Nc1ccc(O)cc1", "CCN(CC)CC", "not a molecule"]


def config(**changes: Any) -> TrainingConfig:
    """A linear model of 256 counts, and a descriptor set where it is asked for."""
    prints = {"morgan": {"kind": "morgan", "n_bits": 256, "counts": True}}
    network = {"kind": "linear", "inputs": ["morgan"], **changes.pop("network", {})}
    given = {"fingerprints": prints, "network": network, "split": PARTS}
    return TrainingConfig.of(given | changes)


def fitted(panel: Panel, **changes: Any) -> tuple[Model, Any, Features]:
    """A model of all rows, and the numbers that it reads."""
    settings, n, nothing = config(**changes), len(panel), np.array([], np.int64)
    features = panel_features(panel, settings.featurizer())
    model = train(panel, settings, parts=Split(np.arange(n), nothing, nothing, n))
    x = tree_rows(model.inputs(features), model.featurizer.input_sizes, ["morgan"])
    return model, x, features


def test_every_kind_of_task_learns(mixed_panel: Panel, tmp_path: Path) -> None:  # noqa: F811
    model = train(mixed_panel, config())
    macro = model.metrics["test"]["macro_by_kind"]
    assert set(macro) == {kind.kind for kind in KINDS}
    assert macro["binary"]["roc_auc"] > 0.7
    assert macro["multiclass"]["roc_auc_ovr"] > 0.6
    assert macro["ordinal"]["quadratic_kappa"] > 0.1
    assert macro["regression"]["r2"] > 0.1
    assert macro["censored"]["concordance"] > 0.6
    assert model.embed(["CCO"]).shape == (1, len(model.network.outputs.owner))
    again = bm.load(model.save(tmp_path / "m"))
    assert again.predict(SMILES).equals(model.predict(SMILES))
    joined = join([model, again], [0.5, 0.5])
    # What is joined is calibrated anew, if at all.
    raw = model.predict_features(model.featurize(SMILES[:4]), calibrated=False)
    np.testing.assert_allclose(joined.predict(SMILES[:4]).iloc[:, 1:], raw, rtol=1e-5)


@pytest.fixture
def panel(small_panel: Panel) -> Panel:
    """The panel without the row that is no molecule, and the assay without actives."""
    some = small_panel.select_tasks(["nitrogen", "chlorine"])
    return some.take(np.arange(len(small_panel) - 1))


def test_outcomes_are_those_of_scikit_learn(panel: Panel) -> None:
    model, x, features = fitted(panel, network={"l2": 3.0})
    for task, labels in enumerate(panel.labels.T):
        rows = np.flatnonzero(panel.mask[:, task])
        theirs = LogisticRegression(C=1 / 3, max_iter=1000).fit(x[rows], labels[rows])
        expected = theirs.predict_proba(x)[:, 1]
        found = model.predict_features(features)[:, task]
        np.testing.assert_allclose(found, expected, atol=2e-4)


@pytest.mark.soak
def test_inputs_side_by_side_are_those_of_scikit_learn(panel: Panel) -> None:
    prints = {
        "morgan": {"kind": "morgan", "n_bits": 256, "counts": True},
        "descriptors": {"kind": "rdkit_descriptors"},
    }
    for names in (["morgan", "descriptors"], ["descriptors", "morgan"]):
        model, _, features = fitted(panel, fingerprints=prints, network={"inputs": names})
        x = tree_rows(model.inputs(features), model.featurizer.input_sizes, names)
        rows = np.flatnonzero(panel.mask[:, 0])
        theirs = LogisticRegression(C=1 / 30, max_iter=1000)
        expected = theirs.fit(x[rows], panel.labels[rows, 0]).predict_proba(x)[:, 1]
        np.testing.assert_allclose(model.predict_features(features)[:, 0], expected, atol=2e-4)


def test_values_are_those_of_scikit_learn_also_where_bounds_say_nothing(
    nci_smiles: list[str],
) -> None:
    smiles = nci_smiles[:200]
    y = np.array([sum(map(text.upper().count, "CON")) for text in smiles], float)
    found = {}
    for kind, bounds in (
        (Censored(unit="pIC50"), np.zeros((200, 1), np.int8)),
        ("regression", None),
    ):
        panel = Panel.from_arrays(smiles, y[:, None], ["a"], kinds=[kind], bounds=bounds)
        model, x, features = fitted(panel)
        found[str(kind)] = model.predict_features(features)[:, 0]
    z = (y - y.mean()) / y.std()
    expected = Ridge(30.0).fit(x, z).predict(x) * y.std() + y.mean()
    for values in found.values():
        np.testing.assert_allclose(values, expected, rtol=1e-3)


def test_bounds_are_no_values(nci_smiles: list[str]) -> None:
    """Where high values are said to be high alone, predictions go on beyond the bound."""
    smiles = nci_smiles[:300]
    true = np.array([sum(map(text.upper().count, "CON")) for text in smiles], float)
    cut = np.quantile(true, 0.7)
    bounds = np.where(true > cut, 1, 0)[:, None].astype(np.int8)
    beyond = []
    for sides in (bounds, np.zeros_like(bounds)):
        panel = Panel.from_arrays(
            smiles,
            np.minimum(true, cut)[:, None],
            ["a"],
            kinds=[Censored(unit="pIC50")],
            bounds=sides,
        )
        model, _, features = fitted(panel)
        beyond.append(model.predict_features(features)[true > cut, 0].mean())
    assert beyond[0] > beyond[1] + 0.3


def test_classes_without_rows_keep_their_base_rate(nci_smiles: list[str]) -> None:
    smiles = nci_smiles[:200]
    y = np.array([2 * ("c1" in text) for text in smiles])
    kind = Multiclass(classes=("low", "never", "high"))
    panel = Panel.from_arrays(smiles, y[:, None], ["a"], kinds=[kind])
    model, _, features = fitted(panel)
    found = model.predict_features(features)
    assert (found[:, 1] < 0.05).all()
    assert np.mean((found[:, 2] > found[:, 0]) == (y == 2)) > 0.9


def test_assays_that_tell_nothing_get_their_base_rate(panel: Panel) -> None:
    whole = panel.labels[:, 0].astype(float)
    whole[whole < 0] = np.nan
    labels = np.column_stack([np.zeros(len(panel)), whole, whole])
    labels[9:, 1] = np.nan
    tasks = ["one outcome", "few rows", "enough"]
    model, _, features = fitted(Panel.from_arrays(list(panel.structures or ()), labels, tasks))
    found = model.predict_features(features)
    assert np.ptp(found[:, :2], axis=0).tolist() == [0, 0]
    assert np.ptp(found[:, 2]) > 0


def test_the_same_bytes_whatever_the_threads(small_panel: Panel, tmp_path: Path) -> None:
    content = []
    for n_threads in (1, 2):
        torch.set_num_threads(n_threads)
        folder = train(small_panel, config()).save(tmp_path / str(n_threads))
        content.append((folder / "model.safetensors").read_bytes())
    assert content[0] == content[1]


def test_rare_outcomes_weigh_more_where_that_is_asked_for(panel: Panel) -> None:
    plain, _, features = fitted(panel)
    rare, _, _ = fitted(panel, positive_weight="full")
    mean = [model.predict_features(features).mean(axis=0) for model in (plain, rare)]
    few = panel.n_actives < panel.n_inactives
    assert ((mean[1] > mean[0]) == few).all()


def test_what_cannot_be_obeyed_is_refused(small_panel: Panel) -> None:
    with pytest.raises(ConfigError, match=r"network\.kind linear: it is fitted whole.*epochs"):
        train(small_panel, {"network": {"kind": "linear", "inputs": ["morgan"]}, "epochs": 3})
    with pytest.raises(ConfigError, match="molecular graphs"):
        train(
            small_panel,
            config(fingerprints={"morgan": {"kind": "graph"}}),
        )
    model = train(small_panel, config())
    with pytest.raises(ConfigError, match="cannot go on from a model"):
        train(small_panel, config(), start=model)


def test_its_weights_are_one_product_of_its_inputs(small_panel: Panel) -> None:
    model, _, _ = fitted(small_panel)
    layers = [each for each in model.network.modules() if isinstance(each, InputLinear)]
    assert [layer.tables["morgan"].shape for layer in layers] == [(256, len(small_panel.tasks))]


@pytest.mark.soak
def test_a_whole_linear_model_becomes_a_program(mixed_panel: Panel) -> None:  # noqa: F811
    assert export(train(mixed_panel, config()), "torch").difference <= 1e-5
