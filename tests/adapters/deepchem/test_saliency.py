"""Derivatives of predictions, against differences of predictions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bioassay_mtl.adapters.arrays import DataError
from bioassay_mtl.chem.descriptors import DenseBlock
from bioassay_mtl.models.scaling import FeatureScaler
from tests.adapters.deepchem.conftest import N_BITS, SMALL

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")


@pytest.mark.parametrize("mode", ["classification", "regression", "classes"])
@pytest.mark.cases(1)
def test_a_step_along_the_derivative(dc: Any, ours: Any, mode: str) -> None:
    """As DeepChem's own test has it: the output changes by the length of the step."""
    rng = np.random.default_rng(0)
    x = rng.random((400, 5))
    values = 20 * (x[:, :3] - 2 * x[:, 2:5] ** 2) + 70
    y = {
        "classification": values > values.mean(axis=0),
        "regression": values,
        "classes": np.digitize(values, [55, 70]),
    }[mode]
    settings: dict[str, Any] = {"mode": "regression"} if mode == "regression" else {}
    settings |= {"n_classes": 3} if mode == "classes" else {}
    model = ours(3, 5, **settings, **SMALL)
    model.fit(dc.data.NumpyDataset(x, y.astype(float)), nb_epoch=20)
    sample = x[7] + 1e-4  # off the quantiles, where the slope changes
    found = model.compute_saliency(sample)
    n_outputs = {"classification": 2, "regression": 1, "classes": 3}[mode]
    assert found.shape == (3, n_outputs, 5)
    assert found.dtype == np.float32
    reach = 1e-4
    for task in range(3):
        slope = found[task, -1].astype(float)
        step = reach * slope / np.linalg.norm(slope)
        more, less = (model.predict_on_batch((sample + s)[None]) for s in (step, -step))
        change = float(more[0, task, -1] - less[0, task, -1])
        assert change == pytest.approx(2 * reach * np.linalg.norm(slope), rel=0.05)
    if mode != "regression":
        np.testing.assert_allclose(found.sum(axis=1), 0, atol=1e-5)


def test_bits_and_counts(dc: Any, ours: Any, dataset: Any) -> None:
    """To first order, what a bit or one more of a count changes: signs and sizes agree."""
    counts = dataset.X * 4
    for x in (dataset.X, counts):
        model = ours(3, N_BITS, **SMALL)
        model.fit(dc.data.NumpyDataset(x, dataset.y, dataset.w), nb_epoch=4)
        found = model.compute_saliency(x[3])
        assert found.shape == (3, 2, N_BITS)
        np.testing.assert_array_equal(found[:, 0], -found[:, 1])
        columns = np.flatnonzero(x[3])
        changed = np.repeat(x[3][None], len(columns), axis=0)
        changed[np.arange(len(columns)), columns] -= 1
        change = model.predict_on_batch(x[3][None]) - model.predict_on_batch(changed)
        expected = found[:, 1, columns].T
        assert np.corrcoef(change[:, :, 1].ravel(), expected.ravel())[0, 1] > 0.95


def test_smiles_have_derivatives_by_input(dc: Any, ours: Any, molecules: list[str]) -> None:
    texts = np.array(molecules[:40], dtype=object)
    y = np.random.default_rng(0).integers(0, 2, (40, 2)).astype(float)
    model = ours(2, layer_sizes=[8], dropouts=0.0)
    model.fit(dc.data.NumpyDataset(texts, y), nb_epoch=2)
    found = model.compute_saliency(molecules[0])
    sizes = model.model.featurizer.n_features
    assert {name: columns.shape for name, columns in found.items()} == {
        name: (2, 2, size) for name, size in sizes.items()
    }
    again = model.compute_saliency(texts[0])
    for name, columns in found.items():
        np.testing.assert_array_equal(again[name], columns)
        assert np.isfinite(columns).all()
        assert np.abs(columns).max() > 0
    with pytest.raises(DataError, match="cannot be used"):
        model.compute_saliency("no molecule")


def test_graphs_are_refused(dc: Any, ours: Any, molecules: list[str]) -> None:
    model = ours(
        1,
        fingerprints={"graph": {"kind": "graph"}},
        network={
            "kind": "mmoeex",
            "experts": [{"kind": "gine", "inputs": ["graph"], "n": 2, "width": 8, "hidden": 8}],
        },
    )
    texts = np.array(molecules[:8], dtype=object)
    model.fit(dc.data.NumpyDataset(texts, np.arange(8.0) % 2), nb_epoch=1)
    assert model.predict_embedding(dc.data.NumpyDataset(texts)).shape == (8, 16)
    with pytest.raises(DataError, match="reads graphs"):
        model.compute_saliency(molecules[0])


def test_slopes_of_a_scaling(dc: Any) -> None:
    """Against differences, off quantiles; 0 outside, of missing values and of constants."""
    from bioassay_mtl.adapters.deepchem.saliency import slopes

    rng = np.random.default_rng(1)
    values = np.stack([rng.normal(size=500), rng.integers(0, 3, 500), np.ones(500)], axis=1)
    scaling = FeatureScaler.fit(DenseBlock(values.astype(np.float32)), np.arange(500))
    for number in (0.123, -0.777, 1.3):
        row, h = np.full(3, number, np.float32), 1e-4
        ends = [scaling(DenseBlock((row + e)[None].astype("f4"))).values[0] for e in (h, -h)]
        np.testing.assert_allclose(slopes(scaling, row), (ends[0] - ends[1]) / (2 * h), rtol=0.02)
    assert not slopes(scaling, np.full(3, 99, np.float32)).any()
    assert not slopes(scaling, np.full(3, np.nan, np.float32)).any()
    assert slopes(scaling, np.full(3, 0.123, np.float32))[0] > 0
