"""Real-valued inputs are read as ranks among the training rows."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.preprocessing import QuantileTransformer

from bioassay_mtl.chem.blocks import Block
from bioassay_mtl.chem.descriptors import DenseBlock
from bioassay_mtl.chem.features import PackedBits
from bioassay_mtl.models.scaling import N_QUANTILES, FeatureScaler, fit_scalings, scaled


def block(*columns: list[float]) -> DenseBlock:
    return DenseBlock(np.array(columns, dtype=np.float32).T.copy())


@pytest.mark.parametrize("kind", ["normal", "heavy", "counts"])
def test_ranks_are_those_of_scikit_learn(kind: str) -> None:
    rng = np.random.default_rng(0)
    draws: dict[str, Callable[[int], NDArray[np.float64]]] = {
        "normal": lambda n: rng.normal(size=n),
        "heavy": lambda n: np.exp(12 * rng.normal(size=n)),
        "counts": lambda n: rng.poisson(0.4, size=n).astype(float),
    }
    draw = draws[kind]
    train, new = block([*draw(500)]), block([*draw(200)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        oracle = QuantileTransformer(n_quantiles=N_QUANTILES, subsample=None)
        oracle.fit(train.values.astype(float))
        expected = oracle.transform(new.values.astype(float))
    found = FeatureScaler.fit(train, np.arange(500))(new)
    # There the outermost values have ranks 0 and 1, also where many rows share them.
    inside = (new.values > train.values.min()) & (new.values < train.values.max())
    ranks = found.values / np.sqrt(12) + 0.5
    np.testing.assert_allclose(ranks[inside], expected[inside], atol=1e-4)
    assert inside.sum() > 50
    assert found.standard


def test_training_rows_have_mean_0_and_at_most_variance_1() -> None:
    rng = np.random.default_rng(1)
    train = block([*np.exp(rng.normal(size=2000) * 5)], [*(rng.random(2000) < 0.3).astype(float)])
    values = FeatureScaler.fit(train, np.arange(2000))(train).values
    assert (np.abs(values.mean(axis=0)) < 0.03).all()
    assert abs(values[:, 0].std() - 1) < 0.01
    assert values[:, 1].std() == pytest.approx(np.sqrt(3 * 0.3 * 0.7), rel=0.03)


def test_only_the_given_rows_count() -> None:
    values = block([1, 2, 3, 4, 1e9, np.nan])
    scaling = FeatureScaler.fit(values, np.array([0, 1, 2, 3]))
    assert scaling.quantiles.max() == 4
    assert scaling(values).values[4] == scaling(values).values[3] == np.sqrt(np.float32(3))


def test_missing_and_constant_columns_say_nothing() -> None:
    values = block([1, 2, np.nan, 4], [7, 7, 7, 7], [np.nan] * 4)
    scaling = FeatureScaler.fit(values, np.arange(4))
    found = scaling(block([np.nan, 3, 1, 9], [8, 7, np.nan, -1], [1, 2, 3, np.nan]))
    assert found.values[0, 0] == 0
    assert (np.diff(found.values[[2, 1, 3], 0]) > 0).all()
    assert not found.values[:, 1:].any()


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(width=32, allow_infinity=False), min_size=1, max_size=40),
    st.lists(st.floats(width=32, allow_infinity=False), min_size=1, max_size=40),
)
def test_whatever_comes_is_bounded_and_keeps_its_order(
    train: list[float], new: list[float]
) -> None:
    scaling = FeatureScaler.fit(block(train), np.arange(len(train)))
    ordered = block(sorted(value for value in new if value == value))
    found = scaling(ordered).values[:, 0]
    assert (np.abs(found) <= 1.7321).all()
    assert (np.diff(found) >= 0).all()
    assert np.isfinite(scaling(block(new)).values).all()


def test_one_by_one_equals_together() -> None:
    values = DenseBlock(np.random.default_rng(2).normal(size=(40, 3)).astype(np.float32))
    scaling = FeatureScaler.fit(values, np.arange(20))
    together = scaling(values).values
    alone = [scaling(values.take(np.array([row]))).values for row in range(40)]
    np.testing.assert_array_equal(np.concatenate(alone), together)


def test_dense_inputs_alone_are_scaled() -> None:
    bits = PackedBits(np.zeros((3, 1), np.uint8), 8)
    blocks: dict[str, Block] = {"dense": block([1, 2, 3]), "other": bits}
    scalings = fit_scalings(blocks, np.arange(3))
    assert [*scalings] == ["dense"]
    found = scaled(blocks, scalings)
    assert found["other"] is blocks["other"]
    np.testing.assert_allclose(found["dense"].dense()[:, 0], [-np.sqrt(3), 0, np.sqrt(3)])
