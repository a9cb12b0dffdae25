"""Masked losses against naive loops; masks never leak."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bioassay_mtl.balance import TaskLosses, masked_bce, positive_weights, reductions
from bioassay_mtl.errors import ConfigError

CELLS = st.lists(
    st.tuples(st.floats(-9, 9), st.sampled_from([0.0, 1.0, math.nan])), min_size=6, max_size=6
)


@settings(deadline=None)
@given(CELLS, st.sampled_from([None, 3.0]))
def test_bce_equals_a_loop_over_measured_cells(
    cells: list[tuple[float, float]], weight: float | None
) -> None:
    logits = torch.tensor([c[0] for c in cells], dtype=torch.float64).view(2, 3).requires_grad_()
    targets = torch.tensor([c[1] for c in cells], dtype=torch.float64).view(2, 3)
    mask = ~targets.isnan()
    weights = None if weight is None else torch.full((3,), weight, dtype=torch.float64)
    losses = masked_bce(logits, targets, mask, weights)
    for t in range(3):
        total = 0.0
        for b in range(2):
            if mask[b, t]:
                p = 1 / (1 + math.exp(-logits[b, t].item()))
                total -= (weight or 1) * math.log(p) if targets[b, t] else math.log1p(-p)
        assert losses.total[t].item() == pytest.approx(total, rel=1e-9, abs=1e-12)
        assert losses.n_cells[t] == mask[:, t].sum()
    losses.total.sum().backward()
    assert logits.grad is not None
    assert (logits.grad[~mask] == 0).all()


def test_reductions_by_hand() -> None:
    losses = TaskLosses(torch.tensor([6.0, 0.0, 1.0]), torch.tensor([3, 0, 2]), 4)
    assert reductions["sum"](losses).tolist() == [6 / 4, 0, 1 / 4]
    assert reductions["mean_per_task"](losses).tolist() == [2 / 2, 0, 0.5 / 2]


def test_a_batch_without_any_measured_cell_has_zero_loss() -> None:
    losses = TaskLosses(torch.zeros(3), torch.zeros(3, dtype=torch.long), 4)
    for reduce in reductions.values():
        assert reduce(losses).tolist() == [0, 0, 0]


def test_positive_weights_by_hand() -> None:
    actives, inactives = torch.tensor([1, 0, 4, 5]), torch.tensor([9, 7, 0, 5])
    assert positive_weights(actives, inactives, "none") is None
    full = positive_weights(actives, inactives, "full")
    assert full is not None
    assert full.tolist() == [9, 1, 1, 1]
    roots = positive_weights(actives, inactives, "sqrt")
    assert roots is not None
    assert roots.tolist() == [3, 1, 1, 1]


def test_unknown_reduction_is_named() -> None:
    with pytest.raises(ConfigError, match="did you mean 'sum'"):
        reductions["summ"]
