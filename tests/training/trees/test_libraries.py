"""Networks of trees predict what the libraries predict that grew them, from the same rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import sparse

from bioassay_mtl.chem.features import Features
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.nn.heads.binary import base_logit
from bioassay_mtl.nn.trees.rows import tree_rows
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split
from bioassay_mtl.tasks import Regression
from bioassay_mtl.training.batches import seed_of
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.fit import train
from bioassay_mtl.training.trees.forest import NEIGHBORS, next_above
from tests.needs import extra

xgboost = extra("xgboost", "trees")

NOTHING = np.array([], dtype=np.int64)
INPUTS: dict[str, dict[str, Any]] = {
    "morgan": {"kind": "morgan", "n_bits": 256, "counts": True},
    "descriptors": {"kind": "rdkit_descriptors"},
}


@pytest.fixture(scope="module")
def features(small_panel: Panel) -> Features:
    """Of the panel's molecules, the last of which cannot be read."""
    return panel_features(small_panel, TrainingConfig(fingerprints=INPUTS).featurizer())


def fitted(
    panel: Panel, features: Features, n_valid: int = 0, **settings: Any
) -> tuple[Model, sparse.csr_matrix, Split]:
    """A model of trees, the rows that it reads, and the parts."""
    known = np.flatnonzero(features.ok)
    parts = Split(known[: len(known) - n_valid], known[len(known) - n_valid :], NOTHING, len(panel))
    network = {"inputs": ["descriptors", "morgan"], "n_trees": 20, **settings}
    config = {"fingerprints": INPUTS, "network": network}
    model = train(panel, config, parts=parts, features=features)
    inputs, sizes = model.inputs(features), model.featurizer.input_sizes
    return model, tree_rows(inputs, sizes, ("descriptors", "morgan")), parts


def outputs(model: Model, features: Features) -> NDArray[np.float32]:
    with torch.no_grad():
        found: NDArray[np.float32] = model.network(model.inputs(features)).numpy()
    return found


PARAMS = {
    "objective": "binary:logistic",
    "max_depth": 6,
    "eta": 0.3,
    "subsample": 0.8,
    "colsample_bynode": 0.2,
    "nthread": 1,
}


@pytest.mark.parametrize("n_valid", [0, 100])
@pytest.mark.cases(1)
def test_boosted_trees_are_those_of_xgboost(
    small_panel: Panel, features: Features, n_valid: int
) -> None:
    settings: dict[str, Any] = {"patience": 3, "n_trees": 60, "learning_rate": 0.3}
    settings |= {"depth": 6, "subsample": 0.8, "columns_per_node": 0.2, "min_child_weight": 1.0}
    model, x, parts = fitted(small_panel, features, n_valid, kind="boosted_trees", **settings)
    found = outputs(model, features)
    for task in range(len(small_panel.tasks)):
        seed = seed_of(0, task) % 2**31
        datas, start = [], 0.0
        for part in (parts.train, parts.valid):
            rows, labels, _ = small_panel.cells.take(part).of_task(task)
            if part is parts.train:
                counts = (torch.tensor((labels == label).sum()) for label in (1, 0))
                start = float(base_logit(*counts))
            datas.append(xgboost.DMatrix(x[part][rows], labels, base_margin=[start] * len(rows)))
        own = {"evals": [(datas[1], "v")], "early_stopping_rounds": 3} if n_valid else {}
        booster = xgboost.train(PARAMS | {"seed": seed}, datas[0], 60, verbose_eval=False, **own)
        if n_valid:
            assert booster.best_iteration < 59
            booster = booster[: booster.best_iteration + 1]
        every = xgboost.DMatrix(x, base_margin=[start] * x.shape[0])
        expected = booster.predict(every, output_margin=True)
        np.testing.assert_allclose(found[:, task], expected, atol=2e-6)


def test_forests_are_those_of_scikit_learn(small_panel: Panel, features: Features) -> None:
    from sklearn.ensemble import RandomForestClassifier

    model, x, parts = fitted(small_panel, features, kind="forest")
    found = outputs(model, features)
    for task in range(len(small_panel.tasks)):
        rows, labels, _ = small_panel.cells.take(parts.train).of_task(task)
        if not labels.any():  # by their SMILES, none is aromatic
            continue
        seed = seed_of(0, task) % 2**31
        forest = RandomForestClassifier(20, random_state=seed)
        forest.fit(x[parts.train][rows].toarray(), labels)
        p = forest.predict_proba(x.toarray())[:, 1]
        base = base_logit(*(torch.tensor((labels == k).sum()) for k in (1, 0))).sigmoid().item()
        smoothed = (NEIGHBORS * p + base) / (NEIGHBORS + 1)
        np.testing.assert_allclose(1 / (1 + np.exp(-found[:, task])), smoothed, atol=1e-6)


def test_forests_of_values_are_those_of_scikit_learn(
    small_panel: Panel, features: Features
) -> None:
    from sklearn.ensemble import RandomForestRegressor

    smiles, kinds = list(small_panel.structures or ()), [Regression(unit="atoms")]
    values = np.array([[float(len(text))] for text in smiles])
    panel = Panel.from_arrays(smiles, values, ["length"], kinds=kinds)
    model, x, parts = fitted(panel, features, kind="forest", columns_per_node=0.5)
    assert model.target_scaler is not None
    _, y, _ = model.target_scaler.apply(panel.cells).take(parts.train).of_task(0)
    forest = RandomForestRegressor(20, max_features=0.5, random_state=seed_of(0, 0) % 2**31)
    expected = forest.fit(x[parts.train].toarray(), y).predict(x.toarray())
    np.testing.assert_allclose(outputs(model, features)[:, 0], expected, atol=1e-5)


@given(
    st.floats(allow_nan=False, allow_infinity=False, min_value=-1e30, max_value=1e30),
    st.integers(-2, 2),
)
def test_a_threshold_parts_the_same_numbers(threshold: float, steps: int) -> None:
    """scikit-learn goes left at most at the threshold, XGBoost below it."""
    x = np.float32(threshold)
    for _ in range(abs(steps)):
        x = np.nextafter(x, np.float32(np.inf if steps > 0 else -np.inf))
    (above,) = next_above(np.array([threshold]))
    assert (x < above) == (float(x) <= threshold)
