"""The moving average has a part of every step, in runs of any length."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score
from torch import nn

from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split
from bioassay_mtl.training import train
from bioassay_mtl.training.averaging import EVERY, WeightAverage
from tests.training.conftest import small_config

NO_ROWS = np.array([], dtype=np.int64)


@given(
    epochs=st.integers(1, 5),
    steps_per_epoch=st.integers(1, 11),
    decay=st.sampled_from([0.0, 0.5, 0.9, 0.999]),
)
def test_the_average_is_that_of_its_formula(
    epochs: int, steps_per_epoch: int, decay: float
) -> None:
    layer = nn.Linear(2, 1, bias=False)
    average = WeightAverage(layer, decay)
    expected = layer.weight.detach().clone().double()
    step = 0
    for _ in range(epochs):
        for number in range(1, steps_per_epoch + 1):
            step += 1
            with torch.no_grad():
                layer.weight.fill_(float(step))
            average.update(step, last=number == steps_per_epoch)
            since = number % EVERY or EVERY
            if decay == 0:
                expected.fill_(step)
            elif since == EVERY or number == steps_per_epoch:
                keep = min(decay, (1 + step) / (10 + step)) ** since
                expected = keep * expected + (1 - keep) * step
    torch.testing.assert_close(average.average[0].double(), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("n_steps", [1, 2, 3, 5])
def test_a_run_of_few_steps_returns_what_it_learned(small_panel: Panel, n_steps: int) -> None:
    """24 rows are one batch: a run of n epochs takes n steps."""
    panel = small_panel.take(np.arange(24))
    parts = Split(np.arange(24), NO_ROWS, NO_ROWS, 24)
    settings = {"epochs": n_steps, "learning_rate": 0.05, "schedule": "constant", "warmup": 0.0}
    averaged = train(panel, small_config(**settings), parts=parts)
    last = train(panel, small_config(**settings, average=0.0), parts=parts)
    start = train(panel, small_config(**{**settings, "learning_rate": 1e-12}), parts=parts)
    assert _training_auc(averaged, panel) > _training_auc(start, panel)
    # A fifth of the initial weights is left after one step, and less and less after more.
    for first, end, mean in zip(
        start.network.parameters(),
        last.network.parameters(),
        averaged.network.parameters(),
        strict=True,
    ):
        moved = (end - first).norm()
        assert (end - mean).norm() <= 0.35 * moved + 1e-6


def test_three_epochs_of_24_rows_rank_them(small_panel: Panel) -> None:
    panel = small_panel.take(np.arange(24))
    parts = Split(np.arange(24), NO_ROWS, NO_ROWS, 24)
    model = train(panel, small_config(epochs=3, learning_rate=0.05), parts=parts)
    assert _training_auc(model, panel) > 0.9


def _training_auc(model: object, panel: Panel) -> float:
    predicted = model.predict(panel.structures)[list(panel.tasks)].to_numpy()  # type: ignore[attr-defined]
    scores = []
    for task in range(len(panel.tasks)):
        measured = panel.mask[:, task]
        if len(set(panel.labels[measured, task].tolist())) == 2:
            scores.append(roc_auc_score(panel.labels[measured, task], predicted[measured, task]))
    return float(np.mean(scores))
