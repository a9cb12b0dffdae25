"""The likelihood of bounds, against its definition and by differences."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from bioassay_mtl.training.fitted.tobit import inverse_mills, tobit_gradients, tobit_loss

BOUND = np.array([0, 1, -1])


@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(0.3, 1))
def test_loss_is_that_of_the_likelihood(margin: float, z: float, noise: float) -> None:
    m, labels = np.full(3, margin), np.full(3, z)
    loss = tobit_loss(m, labels, BOUND, noise) / noise**2
    assert np.isclose(loss[0], -norm.logpdf(z, margin, noise) + norm.logpdf(0, 0, noise))
    assert np.isclose(loss[1], -norm.logsf(z, margin, noise))
    assert np.isclose(loss[2], -norm.logcdf(z, margin, noise))


@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(0.1, 1))
def test_gradients_are_those_of_the_loss(margin: float, z: float, noise: float) -> None:
    m, labels, step = np.full(3, margin), np.full(3, z), 1e-5
    slope, curvature = tobit_gradients(m, labels, BOUND, noise)
    up, down = (tobit_loss(m + side * step, labels, BOUND, noise) for side in (1, -1))
    np.testing.assert_allclose(slope, (up - down) / (2 * step), rtol=1e-4, atol=1e-7)
    assert (curvature > 0).all()
    assert (curvature <= 1).all()


def test_far_from_a_bound_nothing_overflows() -> None:
    far = np.array([-1e4, 0.0, 1e4])
    np.testing.assert_allclose(inverse_mills(far), [1e4, np.sqrt(2 / np.pi), 0.0], rtol=1e-6)
