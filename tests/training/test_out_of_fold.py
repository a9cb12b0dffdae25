"""What experts say out of fold, and what gates make of few values."""

from __future__ import annotations

import numpy as np
import pytest

from bioassay_mtl.nn.outputs import as_outputs
from bioassay_mtl.nn.stacking import stacking_config
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.tasks.measured import MeasuredCells
from bioassay_mtl.tasks.target_scaling import TargetScaler
from bioassay_mtl.training.out_of_fold import Said, places_of

N_FOLDS, N_TASKS = 4, 60


def said_of_values(per_task: int, seed: int = 0) -> Said:
    """Two experts who know half of the values' variance, beyond the mean that they learned."""
    rng = np.random.default_rng(seed)
    n = per_task * N_TASKS  # a value a row: assays share no molecules
    task = np.arange(n) % N_TASKS
    signal = rng.normal(size=n)
    cells = MeasuredCells.of(np.arange(n), task, signal + rng.normal(size=n), shape=(n, N_TASKS))
    panel = Panel.from_arrays(
        ["C"] * n, cells.dense(), [f"t{t}" for t in range(N_TASKS)], kinds=["regression"] * N_TASKS
    )
    scaler = TargetScaler.of(cells, panel.kinds)
    cells = scaler.apply(cells)
    outputs = as_outputs(panel.kinds, N_TASKS)
    rows, columns, first = places_of(cells, outputs)
    fold = rng.permutation(np.arange(n) // N_TASKS % N_FOLDS)
    center = np.stack(
        [
            TargetScaler.of(cells.take(np.flatnonzero(fold != f)), panel.kinds).center
            for f in range(N_FOLDS)
        ]
    )
    known = center[fold, task] + signal / scaler.scale[task]
    said = known[:, None] + 0.2 * rng.normal(size=(n, 2))
    return Said(panel, cells, outputs, scaler, rows, columns, first, fold, said.astype(np.float32))


@pytest.mark.parametrize("per_task", [5, 8, 40])
def test_few_values_speak_for_experts_as_many_do(per_task: int) -> None:
    """The mean of all values holds the one that is predicted: it looks better than it is."""
    weights = said_of_values(per_task).stacked(stacking_config("penalized"), 0).weights
    assert weights.sum(axis=1).mean() == pytest.approx(1, abs=0.15)


def test_a_mixture_out_of_fold_starts_from_the_mean_outside_the_fold() -> None:
    said = said_of_values(20)
    truth, known = said.cells.value, said.known
    for task in range(3):
        mine = said.cells.task == task
        for fold in range(N_FOLDS):
            here = said.fold[said.cells.row] == fold
            assert known[mine & here] == pytest.approx(truth[mine & ~here].mean(), abs=1e-6)
    mixed = said.mixed(stacking_config("penalized"), 0)
    errors = [np.mean((truth - each) ** 2) for each in (mixed, known)]
    assert errors[0] < 0.8 * errors[1]


def test_even_weights_are_the_mean_of_experts() -> None:
    said = said_of_values(6)
    mixed = said.mixed(stacking_config("mean"), 0)
    assert mixed == pytest.approx(said.said.mean(axis=1), abs=1e-5)
