"""Penalized stacking: its optimum, its shrinkage, and what it closes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn import network_config
from bioassay_mtl.nn.stacking import Stacking, stackings
from bioassay_mtl.nn.stacking.losses import stack_losses
from bioassay_mtl.nn.stacking.newton import Prior, Problem, solve
from bioassay_mtl.nn.stacking.panel_prior import PanelPrior, panel_prior
from bioassay_mtl.tasks.kinds import TaskKind
from tests.nn.stacking import simulated as sim

FIXED = {"spread_of": 1e12, "mean_of": 1e12, "tolerance": np.inf, "threshold": 0.0}
"""The prior stays what it is, whatever the assays say, and no expert is closed."""


def fit(held_out: Any, **settings: Any) -> Stacking:
    return stackings["penalized"].of(settings).fit(held_out)


def of_kind(rng: np.random.Generator, kind: TaskKind, n_rows: int) -> tuple[Any, Any]:
    """Outputs ``(n, 4, k)`` and labels ``(n, 1)`` of a task; the last expert is noise."""
    if kind.kind == "binary":
        return sim.outcomes(rng, n_rows, (0.5, 1, 2, 9))
    k = sim.COUNTS.get(kind.kind, 1)
    truth = 1.5 * rng.standard_normal((n_rows, k))
    labels = truth.argmax(axis=1) if kind.kind == "multiclass" else truth.sum(axis=1)
    if kind.kind == "ordinal":
        labels = np.digitize(labels, [0, 2])
    outputs = np.stack([truth + s * rng.standard_normal(truth.shape) for s in (0.5, 1, 2, 9)], 1)
    return outputs.astype(np.float32), labels[:, None].astype(np.float32)


@pytest.mark.parametrize(
    "kind", [sim.BINARY, sim.VALUE, sim.CLASSES, sim.ORDER], ids=lambda kind: str(kind.kind)
)
def test_weights_are_the_least_of_the_penalized_loss(kind: TaskKind) -> None:
    outputs, labels = of_kind(np.random.default_rng(0), kind, 40)
    task = sim.held_out(outputs, labels, (kind,)).of_task(0)
    k, heard = outputs.shape[2], np.ones(4, bool)
    prior = Prior(np.array([0.4, 0.3, 0.2, 0.1] + [0.0] * k), np.array([9.0] * 4 + [1.0] * k))
    problem = Problem.of(task, heard, 0.7)
    found = solve(problem, prior, np.zeros(4 + k), heard, tolerance=1e-12)

    def penalized(numbers: NDArray[Any]) -> float:
        level = task.outputs.mean(axis=(0, 1))
        about = task.outputs - task.outputs.mean(axis=0)
        together = np.einsum("mek,e->mk", about, numbers[:4]) + numbers[4:] + level
        cells = stack_losses[kind.kind](together, task.labels, None, 0.7).value
        return float(cells.sum() + prior.precision @ (numbers - prior.mean) ** 2 / 2)

    best = minimize(
        penalized, prior.mean, method="L-BFGS-B", bounds=[(0, None)] * 4 + [(None, None)] * k,
        options={"ftol": 1e-15, "gtol": 1e-9},
    )  # fmt: skip
    np.testing.assert_allclose(found.at, best.x, atol=2e-4)
    assert penalized(found.at) <= best.fun + 1e-9


def test_infinite_shrinkage_is_the_plain_mean() -> None:
    outputs, labels = sim.outcomes(np.random.default_rng(1), 300, (0.5, 1, 9), n_tasks=3)
    held_out = sim.held_out(outputs, labels, (sim.BINARY,) * 3)
    ours = fit(held_out, spread=1e-6, shift=1e-6, **FIXED)
    np.testing.assert_allclose(ours.weights, stackings["mean"].of({}).fit(held_out).weights, 1e-5)
    np.testing.assert_allclose(ours.bias, 0, atol=1e-5)


@pytest.mark.parametrize("kind", [sim.BINARY, sim.VALUE, sim.CLASSES, sim.ORDER])
def test_noise_is_closed_in_most_draws(kind: TaskKind) -> None:
    closed = 0
    for seed in range(20):
        outputs, labels = of_kind(np.random.default_rng(seed), kind, 500)
        found = fit(sim.held_out(outputs, labels, (kind,)))
        assert found.connections[0, 0]
        closed += int(found.weights[0, 3] == 0)
    assert closed >= 16


def test_a_small_assay_takes_the_weights_of_the_panel_and_a_large_one_its_own() -> None:
    rng = np.random.default_rng(0)
    alike, labels = sim.outcomes(rng, 2000, (0.5, 2, 6), n_tasks=11)
    other, own = sim.outcomes(rng, 2000, (6, 2, 0.5))
    outputs = np.concatenate([alike, other], axis=2)
    labels = np.concatenate([labels, own], axis=1)
    labels[10:, 10] = np.nan  # ten cells
    found = fit(sim.held_out(outputs, labels, (sim.BINARY,) * 12))
    np.testing.assert_allclose(found.weights[10], found.panel_weights, atol=0.12)
    assert found.weights[11, 2] > 0.5 > 0.1 > found.weights[11, 0]
    assert found.n_cells.tolist() == [2000] * 10 + [10, 2000]


def test_an_assay_without_cells_takes_the_weights_of_the_panel() -> None:
    outputs, labels = sim.outcomes(np.random.default_rng(0), 400, (0.5, 2, 4), n_tasks=4)
    labels[:, 3] = np.nan
    found = fit(sim.held_out(outputs, labels, (sim.BINARY,) * 4))
    np.testing.assert_allclose(found.weights[3], found.panel_weights, rtol=1e-5)
    assert np.isnan(found.loss[3])


@pytest.mark.parametrize("n_rows", [4, 40, 400])
def test_the_more_rows_the_less_shrinkage(n_rows: int) -> None:
    """With a single assay, weights lie between even ones and those of the least loss."""
    outputs, labels = sim.outcomes(np.random.default_rng(3), n_rows, (0.5, 5))
    held_out = sim.held_out(outputs, labels, (sim.BINARY,))
    distances = [
        abs(fit(held_out, spread=spread, **FIXED).weights[0] - 0.5).max()
        for spread in (0.01, 0.1, 1.0)
    ]
    assert distances == sorted(distances)
    assert distances[0] < 0.01 * n_rows


@pytest.mark.parametrize(
    ("n_rows", "low", "high"), [(10, 0, 0.06), (100, 0.1, 0.3), (3000, 0.35, 1)]
)
def test_a_single_assay_leaves_even_weights_as_its_cells_allow(
    n_rows: int, low: float, high: float
) -> None:
    """The strength of the default, where one expert should have nearly all the weight."""
    moved = []
    for seed in range(10):
        outputs, labels = sim.outcomes(np.random.default_rng(seed), n_rows, (0.5, 2))
        found = fit(sim.held_out(outputs, labels, (sim.BINARY,)), tolerance=np.inf)
        moved.append(abs(found.weights[0] - 0.5).max())
    assert low < np.mean(moved) < high


def test_the_prior_of_a_panel_is_found() -> None:
    rng = np.random.default_rng(0)
    mean, spread = np.array([0.6, 0.3, 0.1]), 0.15
    weights = mean + spread * rng.standard_normal((400, 3))
    factor = rng.standard_normal((400, 12, 3))
    curvature = 20 * np.swapaxes(factor, 1, 2) @ factor
    root = np.linalg.cholesky(curvature)
    linear = np.einsum("tij,tj->ti", curvature, weights)
    linear += np.einsum("tij,tj->ti", root, rng.standard_normal((400, 3)))
    start = PanelPrior(np.full(3, 1 / 3), 0.5)
    found = panel_prior(linear, curvature, start, mean_of=1, spread_of=3)
    np.testing.assert_allclose(found.mean, mean, atol=0.03)
    assert found.spread == pytest.approx(spread, rel=0.1)
    nothing = panel_prior(0 * linear, 0 * curvature, start, mean_of=1, spread_of=3)
    np.testing.assert_allclose(nothing.mean, start.mean)
    assert nothing.spread == pytest.approx(0.5)


def test_where_no_expert_helps_the_least_harmful_stays_open() -> None:
    rng = np.random.default_rng(0)
    outputs, labels = sim.outcomes(rng, 2000, (0.5, 3))
    found = fit(sim.held_out(-outputs, labels, (sim.BINARY,)))
    assert found.connections.sum() == 1
    assert found.weights.max() <= 0.02
    assert found.loss[0] < found.loss_of_mean[0]


def test_many_cells_overrule_the_prior_of_values_with_bounds() -> None:
    rng = np.random.default_rng(0)
    truth = rng.standard_normal((3000, 1)).astype(np.float32)
    outputs = np.stack([truth + s * rng.standard_normal(truth.shape) for s in (0.3, 3)], 1)
    bounds = (truth > 0.5).astype(np.int8)
    labels = np.minimum(truth, 0.5)
    held_out = sim.held_out(outputs.astype(np.float32), labels, (sim.CENSORED,), bounds)
    # By their likelihood, the best weights of the true values: bounds do not draw them towards 0.5.
    likely = fit(replace(held_out, bound_noise=10.0))
    np.testing.assert_allclose(likely.weights[0], [0.92, 0], atol=0.04)
    # Sharp bounds hardly do; labels at face value would.
    np.testing.assert_allclose(fit(held_out).weights[0], [0.88, 0], atol=0.02)
    taken = sim.held_out(outputs.astype(np.float32), labels, (sim.CENSORED,))
    assert fit(taken).weights[0, 0] < 0.75


def test_many_bounds_do_not_stretch_what_experts_say() -> None:
    """Where most values are bounds, exact ones are predicted as well as by the expert itself."""
    rng = np.random.default_rng(0)
    said = rng.standard_normal((2000, 1)).astype(np.float32)
    truth = said + rng.standard_normal(said.shape).astype(np.float32)
    bounds = -(truth < 0.7).astype(np.int8)
    labels = np.maximum(truth, 0.7)
    seen = np.maximum(said, 0.2)[:, None]  # an expert that learned from such labels
    found = fit(sim.held_out(seen, labels, (sim.CENSORED,), bounds))
    exact = bounds[:, 0] == 0
    mixed = seen[:, 0] * found.weights[0] + found.bias
    errors = [np.sqrt(np.mean((o - truth)[exact] ** 2)) for o in (mixed, seen[:, 0])]
    assert errors[0] < 1.02 * errors[1]


def test_what_is_expected_holds_where_cells_say_nothing() -> None:
    outputs, labels = of_kind(np.random.default_rng(0), sim.BINARY, 40)
    expected = (6.0, 2.0, 1.0, 1.0)
    unseen = sim.held_out(outputs, np.full_like(labels, np.nan), (sim.BINARY,))
    np.testing.assert_allclose(fit(unseen, expected=expected).weights, [[0.6, 0.2, 0.1, 0.1]])
    seen = sim.held_out(outputs, labels, (sim.BINARY,))
    more, even = (fit(seen, **given).weights[0] for given in ({"expected": expected}, {}))
    assert more[0] > even[0]
    assert (fit(seen, expected=(3.0,) * 4).weights == even).all()


def test_expected_weights_go_with_their_experts() -> None:
    config = network_config(
        {
            "members": [{"kind": "linear", "inputs": [name]} for name in "abc"],
            "kind": "stacked",
            "gate": {"method": {"kind": "penalized", "expected": [0.5, 0.3, 0.2]}},
        }
    )
    kept: Any = config.keeping([0, 2])  # type: ignore[attr-defined]
    assert kept.gate.method.expected == (0.5, 0.2)
    assert network_config(kept.model_dump(mode="json")) == kept
    with pytest.raises(ConfigError, match="expected: 2 weights are needed, found 3"):
        network_config({**kept.model_dump(), "gate": config.gate.model_dump()})  # type: ignore[attr-defined]
