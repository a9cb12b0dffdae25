"""Whatever experts say, every stacking is sound."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bioassay_mtl.nn.stacking import OutOfFold, Stacking, stackings
from tests.nn.stacking import simulated as sim

KINDS = (sim.BINARY, sim.VALUE, sim.CENSORED, sim.CLASSES, sim.ORDER)
NAMES = sorted(stackings)


def panel(seed: int, n_rows: int, n_experts: int, measured: float = 0.7) -> OutOfFold:
    """One task of each kind, some of it measured, some experts silent here and there."""
    rng = np.random.default_rng(seed)
    outputs = 2 * rng.standard_normal((n_rows, n_experts, 8)).astype(np.float32)
    outputs[rng.random(outputs.shape) < 0.1] = np.nan
    labels = rng.integers(2, size=(n_rows, 5)).astype(np.float32)
    labels[:, 1:3] = rng.standard_normal((n_rows, 2))
    labels[rng.random(labels.shape) > measured] = np.nan
    bounds = np.zeros(labels.shape, np.int8)
    bounds[:, 2] = rng.integers(-1, 2, n_rows)
    return sim.held_out(outputs, labels, KINDS, bounds)


def check(found: Stacking, held_out: OutOfFold) -> None:
    assert found.weights.shape == (held_out.n_tasks, held_out.n_experts)
    assert found.weights.dtype == found.bias.dtype == np.float32
    assert (found.weights >= 0).all()
    assert np.isfinite(found.weights).all()
    assert np.isfinite(found.bias).all()
    assert found.connections.any(axis=1).all()
    assert not found.weights[~held_out.heard].any()
    assert (found.loss[found.n_cells > 0] >= 0).all() or held_out.kinds != (sim.BINARY,)


@pytest.mark.parametrize("name", NAMES)
@given(
    seed=st.integers(0, 2**16),
    n_rows=st.integers(0, 30),
    n_experts=st.integers(1, 5),
    measured=st.sampled_from([0.0, 0.2, 1.0]),
)
@settings(max_examples=25)
def test_every_panel_gets_sound_weights(
    name: str, seed: int, n_rows: int, n_experts: int, measured: float
) -> None:
    held_out = panel(seed, n_rows, n_experts, measured)
    check(stackings[name].of({}).fit(held_out), held_out)


@pytest.mark.parametrize("name", NAMES)
def test_cells_alone_give_what_all_outputs_give(name: str) -> None:
    held_out = panel(0, 40, 4)
    cells = held_out.cells
    first = np.cumsum(held_out.counts) - held_out.counts
    row, task = cells.row, cells.task
    pairs = [
        held_out.outputs[r, :, first[t] + j]
        for r, t in zip(row, task, strict=True)
        for j in range(held_out.counts[t])
    ]
    alone = stackings[name].of({}).fit(replace(held_out, outputs=np.stack(pairs)))
    whole = stackings[name].of({}).fit(held_out)
    np.testing.assert_array_equal(alone.weights, whole.weights)
    np.testing.assert_array_equal(alone.bias, whole.bias)


@pytest.mark.parametrize("name", sorted({*NAMES} - {"greedy"}))
def test_the_order_of_rows_is_no_matter(name: str) -> None:
    held_out = panel(1, 60, 4)
    order = np.random.default_rng(0).permutation(60)
    moved = replace(held_out, outputs=held_out.outputs[order], cells=held_out.cells.take(order))
    ours, theirs = (stackings[name].of({}).fit(each) for each in (held_out, moved))
    np.testing.assert_allclose(ours.weights, theirs.weights, atol=1e-3)
    np.testing.assert_allclose(ours.bias, theirs.bias, atol=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_a_cell_of_weight_0_is_none(name: str) -> None:
    held_out = panel(2, 60, 3)
    kept = np.arange(60) < 30
    weight = kept[held_out.cells.row].astype(float)
    weighed = stackings[name].of({}).fit(replace(held_out, weight=weight))
    fewer = replace(
        held_out, outputs=held_out.outputs[:30], cells=held_out.cells.take(np.arange(30))
    )
    alone = stackings[name].of({}).fit(fewer)
    atol = 0.5 if name == "greedy" else 1e-3  # its draws differ
    np.testing.assert_allclose(weighed.weights, alone.weights, atol=atol)


def one(outputs: Any, labels: Any) -> OutOfFold:
    """A single assay of outcomes, from ``outputs (n, E)``."""
    return sim.held_out(
        np.asarray(outputs, np.float32)[:, :, None],
        np.asarray(labels, np.float32)[:, None],
        (sim.BINARY,),
    )


def odd(case: str) -> OutOfFold:
    rng = np.random.default_rng(0)
    logits, labels = sim.outcomes(rng, 200, (1, 2, 3))
    said: NDArray[Any] = logits[:, :, 0].copy()
    if case == "copies":
        said[:] = said[:, :1]
    elif case == "constants":
        said[:] = [1, -2, 0]
    elif case == "a silent expert":
        said[:, 1] = np.nan
    elif case == "all silent":
        said[:] = np.nan
    elif case == "one outcome":
        labels[:] = 1
    elif case == "huge":
        said[:, :2] *= 1e30
    elif case == "one row":
        return one(said[:1], labels[:1, 0])
    elif case == "no row":
        return one(said[:0], labels[:0, 0])
    return one(said, labels[:, 0])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "case",
    ["copies", "constants", "a silent expert", "all silent", "one outcome", "huge", "one row",
     "no row"],
)  # fmt: skip
def test_odd_experts_get_sound_weights(name: str, case: str) -> None:
    held_out = odd(case)
    found = stackings[name].of({}).fit(held_out)
    check(found, held_out)
    if case == "a silent expert":
        assert not found.connections[0, 1]


def test_huge_values_in_standard_units_are_no_fault() -> None:
    outputs = np.full((50, 2, 1), 1e30, np.float32)
    outputs[:, 1] = np.linspace(-1, 1, 50)[:, None]
    held_out = sim.held_out(outputs, outputs[:, 1], (sim.VALUE,))
    for name in NAMES:
        check(stackings[name].of({}).fit(held_out), held_out)
