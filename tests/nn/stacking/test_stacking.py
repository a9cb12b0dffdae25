"""What all stackings keep, and what their result does."""

from __future__ import annotations

import numpy as np
import pytest

from bioassay_mtl.errors import ConfigError, InputError
from bioassay_mtl.nn.stacking import Stacking, fit_stacking, stackings
from tests.nn.stacking import simulated as sim


def test_the_plain_mean_has_even_weights() -> None:
    outputs, labels = sim.outcomes(np.random.default_rng(0), 30, (1, 2, 3), n_tasks=2)
    found = stackings["mean"].of({}).fit(sim.held_out(outputs, labels, (sim.BINARY,) * 2))
    np.testing.assert_array_equal(found.weights, np.full((2, 3), np.float32(1 / 3)))
    np.testing.assert_allclose(found.combine(outputs), outputs.mean(axis=1), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.loss, found.loss_of_mean, rtol=1e-6)


def test_weights_of_a_silent_expert_go_to_the_others() -> None:
    weights = np.array([[0.5, 0.3, 0.0], [0.2, 0.0, 0.6]], np.float32)
    nothing = np.zeros(2)
    found = Stacking(
        weights,
        np.array([1.0, 2.0, 3.0], np.float32),
        np.array([0, 0, 1]),
        weights.mean(axis=0),
        "given",
        np.zeros(2, np.int64),
        nothing,
        nothing,
    )
    outputs = np.arange(18, dtype=np.float32).reshape(2, 3, 3)
    outputs[0, 0] = np.nan
    outputs[1, [0, 2], 2] = np.nan
    expected = [
        [0.8 * outputs[0, 1, 0] + 1, 0.8 * outputs[0, 1, 1] + 2, 0.8 * outputs[0, 2, 2] + 3],
        [
            0.5 * outputs[1, 0, 0] + 0.3 * outputs[1, 1, 0] + 1,
            0.5 * outputs[1, 0, 1] + 0.3 * outputs[1, 1, 1] + 2,
            np.nan,
        ],
    ]
    np.testing.assert_allclose(found.combine(outputs), expected, rtol=1e-6)
    np.testing.assert_array_equal(found.connections, weights > 0)


def test_outputs_that_do_not_fit_are_refused() -> None:
    outputs, labels = sim.outcomes(np.random.default_rng(0), 8, (1, 2))
    with pytest.raises(InputError, match=r"\(8, 'E', 1\) or \(8, 'E'\), found \(7, 2, 1\)"):
        sim.held_out(outputs[:7], labels, (sim.BINARY,))
    with pytest.raises(InputError, match="1 tasks are to be stacked, with 2 kinds"):
        sim.held_out(outputs, labels, (sim.BINARY,) * 2)
    with pytest.raises(InputError, match="infinite"):
        sim.held_out(np.full_like(outputs, np.inf), labels, (sim.BINARY,))
    with pytest.raises(InputError, match="at least 0"):
        sim.held_out(outputs, labels, (sim.BINARY,), weight=np.full(8, -1.0))
    with pytest.raises(InputError, match="8 measured cells have weights"):
        sim.held_out(outputs, labels, (sim.BINARY,), weight=np.ones(7))
    with pytest.raises(ConfigError, match="unknown stacking 'meen'"):
        fit_stacking(outputs, sim.held_out(outputs, labels, (sim.BINARY,)).cells, (sim.BINARY,),
                     method="meen")  # fmt: skip
