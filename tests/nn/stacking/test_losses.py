"""Losses of combined outputs cost what those of training do, and their derivatives are theirs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.stats import norm

from bioassay_mtl.balance.losses.kind_losses import kind_losses
from bioassay_mtl.balance.losses.value_loss import ValueLoss
from bioassay_mtl.nn.stacking.losses import BOUND_NOISE, stack_losses

WIDTHS = {"binary": 1, "multiclass": 3, "ordinal": 2, "regression": 1, "censored": 1}
Floats = NDArray[np.float64]


def some(kind: str) -> tuple[Floats, Floats, NDArray[np.int8]]:
    rng = np.random.default_rng(0)
    outputs = 3 * rng.standard_normal((60, WIDTHS[kind]))
    if kind in ("regression", "censored"):
        labels = rng.standard_normal(60)
    else:
        labels = rng.integers(3 if kind != "binary" else 2, size=60).astype(float)
    return outputs, labels, rng.integers(-1, 2, 60).astype(np.int8)


@pytest.mark.parametrize("kind", ["multiclass", "ordinal"])
def test_classes_cost_what_they_cost_in_training(kind: str) -> None:
    outputs, labels, _ = some(kind)
    expected = kind_losses[kind](
        torch.tensor(outputs)[:, None], torch.tensor(labels)[:, None], None, None, ValueLoss()
    )
    found = stack_losses[kind](outputs, labels, None, 1.0).value
    np.testing.assert_allclose(found, expected[:, 0].numpy())


def test_outcomes_cost_their_surprise() -> None:
    outputs, labels, _ = some("binary")
    logits = torch.tensor(np.concatenate([outputs[:, 0], [800.0, -800.0, 800.0]]))
    outcomes = torch.tensor(np.concatenate([labels, [0.0, 1.0, 1.0]]))
    expected = torch.nn.functional.binary_cross_entropy_with_logits(
        logits, outcomes, reduction="none"
    )
    found = stack_losses["binary"](logits.numpy()[:, None], outcomes.numpy(), None, 1.0).value
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-12)


def test_values_cost_minus_their_log_likelihood() -> None:
    outputs, labels, bounds = some("censored")
    about = norm(outputs[:, 0], 0.7)
    expected = np.select(
        [bounds == 0, bounds > 0], [about.logpdf(labels), about.logsf(labels)], about.logcdf(labels)
    )
    found = stack_losses["censored"](outputs, labels, bounds, 0.7, bound_noise=0.7).value
    np.testing.assert_allclose(found, -expected)
    wider = stack_losses["censored"](outputs, labels, bounds, 0.7, bound_noise=2.0).value
    np.testing.assert_array_equal(wider, found)


def test_bounds_are_as_sharp_as_networks_learn_them() -> None:
    assert ValueLoss().noise == BOUND_NOISE


def test_bounds_cost_what_exact_values_do_where_violated_and_nothing_else() -> None:
    outputs, labels = np.array([[-2.0], [-0.5], [0.5], [2.0]]), np.zeros(4)
    at_least, at_most = np.ones(4, np.int8), -np.ones(4, np.int8)
    loss = stack_losses["censored"]
    exact, nothing = loss(outputs, labels, None, 0.7), loss(outputs[:1] * 0, labels[:1], None, 0.7)
    squares = exact.value - nothing.value
    above = loss(outputs, labels, at_least, 0.7, bound_noise=1e-3)
    np.testing.assert_allclose(above.value, np.where(outputs[:, 0] < 0, squares, 0), rtol=1e-4)
    np.testing.assert_allclose(above.slope, np.where(outputs < 0, exact.slope, 0), rtol=1e-4)
    below = loss(-outputs, labels, at_most, 0.7, bound_noise=1e-3)
    np.testing.assert_array_equal(below.value, above.value)
    np.testing.assert_array_equal(below.slope, -above.slope)


@pytest.mark.parametrize("kind", WIDTHS)
def test_derivatives_are_those_of_the_losses(kind: str) -> None:
    outputs, labels, bounds = some(kind)
    side = bounds if kind == "censored" else None
    here = stack_losses[kind](outputs, labels, side, 0.7)
    for j in range(outputs.shape[1]):
        step = np.zeros(outputs.shape)
        step[:, j] = 1e-5
        after, before = (stack_losses[kind](outputs + s, labels, side, 0.7) for s in (step, -step))
        np.testing.assert_allclose(
            here.slope[:, j], (after.value - before.value) / 2e-5, rtol=1e-5, atol=1e-7
        )
        np.testing.assert_allclose(
            here.curvature[:, j], (after.slope - before.slope) / 2e-5, rtol=1e-5, atol=1e-7
        )


@pytest.mark.parametrize("far", [1e2, 1e6, 1e18])
def test_bounds_far_away_have_finite_losses(far: float) -> None:
    found = stack_losses["censored"](
        np.array([[far], [-far], [far], [-far]]),
        np.zeros(4),
        np.array([1, 1, -1, -1], np.int8),
        0.5,
    )
    np.testing.assert_allclose(found.slope[:, 0], [0, -far / 0.25, far / 0.25, 0], rtol=1e-3)
    assert np.isfinite(found.value).all()
    assert (found.curvature >= 0).all()
