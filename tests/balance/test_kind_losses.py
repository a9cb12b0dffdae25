"""Losses of all kinds against their formulas; unmeasured cells; the order of tasks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from torch import Tensor

from bioassay_mtl.balance.losses import BCE, KindLosses, TaskLosses, ValueLoss, class_weights
from bioassay_mtl.balance.losses.values import log_normal_cdf
from bioassay_mtl.nn.outputs import Outputs
from bioassay_mtl.tasks import TaskKind
from bioassay_mtl.tasks.measured import MeasuredCells
from tests.balance.mixed_tasks import MIXED, mixed_labels, mixed_losses


def cells(seed: int, n: int = 9) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Random outputs, labels, mask (two thirds) and bounds of the mixed tasks."""
    rng = np.random.default_rng(seed)
    mask = rng.random((n, len(MIXED))) < 2 / 3
    labels, bounds = mixed_labels(MIXED, mask)
    outputs = torch.from_numpy(3 * rng.normal(size=(n, sum(Outputs(MIXED).counts))))
    return outputs, torch.from_numpy(labels), torch.from_numpy(mask), torch.from_numpy(bounds)


def losses_of(kinds: Sequence[TaskKind], *given: Tensor) -> TaskLosses:
    return KindLosses(Outputs(tuple(kinds)), BCE(), ValueLoss(noise=0.6))(*given)


def test_every_loss_is_the_negative_log_likelihood() -> None:
    outputs, labels, mask, bounds = cells(0)
    found = losses_of(MIXED, outputs, labels, mask, bounds)
    numbers, chances = Outputs(MIXED), Outputs(MIXED).predict(outputs)
    columns = {int(t): c for g in numbers.groups for t, c in zip(g.tasks, g.columns, strict=True)}
    for task, kind in enumerate(MIXED):
        total = 0.0
        for row in np.flatnonzero(mask[:, task]):
            y, p = float(labels[row, task]), chances[row, columns[task]].numpy()
            side = int(bounds[row, task])
            if kind.kind == "binary":
                total -= np.log(p[0] if y else 1 - p[0])
            elif len(p) > 1:
                assert p.sum() == pytest.approx(1)
                total -= np.log(p[int(y)])
            elif side:
                total -= 0.36 * norm.logcdf(side * (p[0] - y) / 0.6)
            else:
                total += (y - p[0]) ** 2 / 2
        assert float(found.total[task]) == pytest.approx(total)
    torch.testing.assert_close(found.n_cells, mask.sum(0))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 999), st.sampled_from([np.nan, 1e30, -7.0]))
def test_a_masked_cell_changes_nothing(seed: int, junk: float) -> None:
    outputs, labels, mask, bounds = cells(seed)
    numbers = Outputs(MIXED)
    losses = mixed_losses(numbers, weighted=True)

    def gradient(labels: Tensor, bounds: Tensor) -> tuple[Tensor, Tensor]:
        leaf = outputs.clone().requires_grad_()
        total = losses(leaf, labels, mask, bounds).total
        return total.detach(), torch.autograd.grad(total.sum(), leaf)[0]

    before = gradient(labels, bounds)
    after = gradient(labels.masked_fill(~mask, junk), bounds.masked_fill(~mask, 1))
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert (after[1][~mask[:, numbers.owner]] == 0).all()


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(len(MIXED))), st.integers(0, 99))
def test_permuted_tasks_have_permuted_losses_and_predictions(order: list[int], seed: int) -> None:
    outputs, labels, mask, bounds = cells(seed)
    kinds, plain = tuple(MIXED[t] for t in order), Outputs(MIXED)
    places = torch.cat([plain.of(torch.tensor([t]))[0] for t in order])
    before = losses_of(MIXED, outputs, labels, mask, bounds).total
    moved = (x[:, order] for x in (labels, mask, bounds))
    after = losses_of(kinds, outputs[:, places], *moved).total
    torch.testing.assert_close(after, before[order])
    columns = {int(t): c for g in plain.groups for t, c in zip(g.tasks, g.columns, strict=True)}
    expected = plain.predict(outputs)[:, torch.cat([columns[t] for t in order])]
    torch.testing.assert_close(Outputs(kinds).predict(outputs[:, places]), expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_log_of_the_normal_distribution_is_exact_in_both_tails(dtype: torch.dtype) -> None:
    x = torch.linspace(-200, 40, 4801, dtype=dtype, requires_grad=True)
    found = log_normal_cdf(x)
    (slope,) = torch.autograd.grad(found.sum(), x, create_graph=True)
    (curvature,) = torch.autograd.grad(slope.sum(), x)
    known = x.detach().double().numpy()
    expected = norm.logcdf(known)
    tolerance = 1e-5 if dtype == torch.float32 else 1e-12
    np.testing.assert_allclose(found.detach().numpy(), expected, rtol=tolerance, atol=1e-30)
    hazard = np.exp(norm.logpdf(known) - expected)
    np.testing.assert_allclose(
        slope.detach().numpy(), hazard, rtol=max(10 * tolerance, 1e-10), atol=1e-30
    )
    assert curvature.isfinite().all()
    assert (curvature <= 0).all()


def test_extreme_outputs_stay_finite() -> None:
    outputs, labels, mask, bounds = (x.float() for x in cells(1))
    for size in (1e3, -1e3):
        leaf = (0 * outputs + size).requires_grad_()
        total = losses_of(MIXED, leaf, labels, mask.bool(), bounds).total
        (gradient,) = torch.autograd.grad(total.sum(), leaf)
        assert total.isfinite().all()
        assert gradient.isfinite().all()
        assert (total >= 0).all()


def test_outputs_start_at_base_rates() -> None:
    labels = torch.tensor([[2, 1.0, 1, 3, 0.5], [0, 2.0, 0, 1, -0.5], [2, float("nan"), 0, 1, 3]])
    labels = labels.repeat(200, 1)
    columns = Outputs(MIXED).predict(
        Outputs(MIXED).start(MeasuredCells.from_dense(labels.numpy()))[None]
    )[0]
    expected = [1 / 3, 0, 2 / 3, 1.5, 1 / 3, 0, 2 / 3, 0, 1 / 3, 1]
    torch.testing.assert_close(columns, torch.tensor(expected), rtol=0, atol=0.03)


def test_weights_of_classes_are_ratios_to_the_most_frequent() -> None:
    counts = torch.tensor([[40, 10, 0], [5, 5, 20]])
    full = class_weights(counts, "full")
    root = class_weights(counts, "sqrt")
    assert class_weights(counts, "none") is None
    assert full is not None
    assert root is not None
    torch.testing.assert_close(full, torch.tensor([[1.0, 4, 1], [4, 4, 1]]))
    torch.testing.assert_close(root, full.sqrt())
