"""Balanced rows: drawn by the stated weights, in which an unmeasured cell says nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torch import Tensor

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split
from bioassay_mtl.tasks.measured import MeasuredCells
from bioassay_mtl.training import train
from bioassay_mtl.training.batches import epoch_batches, seed_of
from bioassay_mtl.training.sampling import (
    Balanced,
    draw,
    outcome_weights,
    row_means,
    sampling_config,
)
from tests.training.conftest import small_config
from tests.training.test_fit import same

LABELS = hnp.arrays(
    np.int8,
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=8),
    elements=st.sampled_from([-1, 0, 1]),
).map(torch.from_numpy)
properties = settings(deadline=None, max_examples=60)


def naive_weights(labels: Tensor, exponent: float) -> list[float]:
    """The weight of each row by its definition, cell by cell."""
    weights = []
    for row in labels.tolist():
        cells = []
        for task, outcome in enumerate(row):
            if outcome >= 0:
                column = [cell for cell in labels[:, task].tolist() if cell >= 0]
                share = column.count(outcome) / len(column)
                cells.append(1 / (len(set(column)) * share))
        weights.append((sum(cells) / len(cells) if cells else 1.0) ** exponent)
    return weights


def measured(labels: Tensor) -> MeasuredCells:
    return MeasuredCells.from_dense(labels.numpy())


@properties
@given(LABELS, st.sampled_from([0.0, 0.5, 1.0, 3.0]))
def test_weights_are_mean_inverse_frequencies(labels: Tensor, exponent: float) -> None:
    found = Balanced(exponent=exponent).weights(labels)
    expected = torch.tensor(naive_weights(labels, exponent), dtype=torch.float64)
    torch.testing.assert_close(found / found.sum(), expected / expected.sum())


@properties
@given(LABELS)
def test_every_task_weighs_its_outcomes_to_a_mean_of_one(labels: Tensor) -> None:
    weights = outcome_weights(measured(labels))
    for task, column in enumerate(labels.T):
        cells = weights[column[column >= 0].long(), task]
        assert not len(cells) or cells.mean().item() == pytest.approx(1)


@properties
@given(LABELS, st.data())
def test_a_missing_label_neither_raises_nor_lowers(labels: Tensor, data: st.DataObject) -> None:
    """A row weighs the mean of what is left of it; rows and assays not measured change nothing."""
    n, n_tasks = labels.shape
    weights = outcome_weights(measured(labels))
    before = row_means(measured(labels), weights)
    empty = torch.full((n, 1), -1, dtype=torch.int8)
    wider = torch.cat([labels, empty], dim=1)
    torch.testing.assert_close(row_means(measured(wider), outcome_weights(measured(wider))), before)
    longer = torch.cat([labels, torch.full((1, n_tasks), -1, dtype=torch.int8)])
    after = row_means(measured(longer), outcome_weights(measured(longer)))
    torch.testing.assert_close(after[:-1], before)
    assert after[-1] == 1

    row, task = data.draw(st.integers(0, n - 1)), data.draw(st.integers(0, n_tasks - 1))
    hidden = labels.clone()
    hidden[row, task] = -1
    left = [weights[cell, t].item() for t, cell in enumerate(hidden[row].tolist()) if cell >= 0]
    found = row_means(measured(hidden), weights)
    assert found[row].item() == pytest.approx(float(np.mean(left)) if left else 1)
    others = torch.arange(n) != row
    assert torch.equal(found[others], before[others])


@properties
@given(st.lists(st.floats(0, 100), min_size=1, max_size=6).filter(any), st.integers(0, 99))
@example([5e-324, 0.0], 0)  # denormal: a product with it is 0 or itself
@example([0.0, 1.5e-323, 5e-324], 1)
def test_rows_are_drawn_in_proportion(weights: list[float], seed: int) -> None:
    given_weights = torch.tensor(weights, dtype=torch.float64)
    drawn = draw(given_weights, 20_000, torch.Generator().manual_seed(seed))
    shares = torch.bincount(drawn, minlength=len(weights)) / len(drawn)
    scaled = given_weights / given_weights.max()
    expected = (scaled / scaled.sum()).float()
    assert (shares - expected).abs().max() < 0.02  # 5.6 standard deviations
    assert (shares[expected == 0] == 0).all()


def test_weights_of_many_rows_and_steep_exponents_stay_finite() -> None:
    labels = torch.zeros(20_000, 2, dtype=torch.int8)
    labels[-1, 0] = 1
    weights = Balanced(exponent=200).weights(labels)
    assert weights.isfinite().all()
    assert weights[-1] == 1
    assert (draw(weights, 100, torch.Generator().manual_seed(0)) == 19_999).all()


def test_epochs_repeat_and_differ() -> None:
    rows, weights = torch.arange(100, 200), torch.rand(100, dtype=torch.float64)
    first = torch.cat(epoch_batches(rows, 25, 3, 0, weights))
    assert torch.equal(first, torch.cat(epoch_batches(rows, 25, 3, 0, weights)))
    assert not torch.equal(first, torch.cat(epoch_batches(rows, 25, 3, 1, weights)))
    assert not torch.equal(first, torch.cat(epoch_batches(rows, 25, 4, 0, weights)))
    assert len(first) == 100
    assert ((first >= 100) & (first < 200)).all()
    assert len(first.unique()) < 100


def test_a_uniform_epoch_is_a_plain_permutation() -> None:
    labels = torch.zeros(100, 2, dtype=torch.int8)
    assert sampling_config("uniform").weights(labels) is None
    order = torch.randperm(100, generator=torch.Generator().manual_seed(seed_of(3, 5)))
    assert torch.equal(torch.cat(epoch_batches(torch.arange(100), 25, 3, 5)), order)


def test_training_sees_rare_actives_more_often(small_panel: Panel) -> None:
    """Without weights on the loss, more sight of actives means higher probabilities."""
    labels = np.where((small_panel.labels == 1) & (np.arange(300) % 4 > 0)[:, None], -1, 0)
    labels = np.where(labels == 0, small_panel.labels, -1).astype(np.int8)
    panel = Panel(small_panel.structures, None, labels, small_panel.tasks, small_panel.ids)
    nobody = np.array([], dtype=np.int64)
    parts = Split(np.arange(200), nobody, np.arange(200, 299), 300)

    def trained(sampling: Any) -> Any:
        return train(panel, small_config(sampling=sampling), parts=parts)

    balanced, uniform = trained({"kind": "balanced"}), trained("uniform")
    rows = (panel.structures or [])[200:299]
    tasks = list(panel.tasks)
    seen, plain = (m.predict(rows)[tasks].to_numpy().mean() for m in (balanced, uniform))
    assert seen > 1.1 * plain
    assert same(balanced, trained("balanced"))
    assert balanced.training["config"]["sampling"] == {"kind": "balanced", "exponent": 1.0}
    assert same(uniform, train(panel, small_config(), parts=parts))


def test_names_and_settings() -> None:
    assert sampling_config({"kind": "balanced", "exponent": 1}) == sampling_config("balanced")
    with pytest.raises(ConfigError, match=r"unknown sampling 'balancd' .did you mean 'balanced'"):
        sampling_config("balancd")
    with pytest.raises(ConfigError, match="exponent"):
        sampling_config({"kind": "balanced", "exponent": -1})
