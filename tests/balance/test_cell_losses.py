"""Every loss against its formula, cell by cell; extreme logits, masks, and torch.func."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.func import functional_call, grad, vmap

from bioassay_mtl.balance import masked_bce
from bioassay_mtl.balance.losses import CellLoss, cell_losses, loss_config
from bioassay_mtl.errors import ConfigError

LOSSES: list[dict[str, Any]] = [
    {"kind": "bce"},
    {"kind": "bce", "smoothing": 0.1},
    {"kind": "focal"},
    {"kind": "focal", "gamma": 0.5, "alpha": 0.25},
    {"kind": "asymmetric"},
    {"kind": "asymmetric", "gamma_positive": 1.0, "gamma_negative": 0.5, "margin": 0.2},
    {"kind": "asymmetric", "gamma_positive": 1.0, "margin": 0.0},
]
every_loss = pytest.mark.parametrize("values", LOSSES, ids=str)

CELLS = st.lists(
    st.tuples(st.floats(-9, 9), st.sampled_from([0.0, 1.0, math.nan])), min_size=6, max_size=6
)


def by_formula(loss: Any, logit: float, y: float, weight: float) -> Any:
    """The papers' formulas, for a single cell."""
    p = 1 / (1 + math.exp(-logit))
    if loss.kind == "bce":
        y = y * (1 - loss.smoothing) + loss.smoothing / 2
        return -(weight * y * math.log(p) + (1 - y) * math.log(1 - p))
    if loss.kind == "focal":
        p_t = p if y else 1 - p
        alpha_t = 1.0 if loss.alpha is None else (loss.alpha if y else 1 - loss.alpha)
        return -(weight if y else 1) * alpha_t * (1 - p_t) ** loss.gamma * math.log(p_t)
    if y:
        return -weight * (1 - p) ** loss.gamma_positive * math.log(p)
    shifted = max(p - loss.margin, 0)
    return -(shifted**loss.gamma_negative) * math.log(1 - shifted)


def test_every_kind_is_tested() -> None:
    assert {each["kind"] for each in LOSSES} == set(cell_losses)


@every_loss
@settings(deadline=None)
@given(cells=CELLS, weight=st.sampled_from([None, 3.0]))
def test_sums_equal_a_loop_over_measured_cells(
    values: dict[str, Any], cells: list[tuple[float, float]], weight: float | None
) -> None:
    loss = loss_config(values)
    logits = torch.tensor([c[0] for c in cells], dtype=torch.float64).view(2, 3).requires_grad_()
    targets = torch.tensor([c[1] for c in cells], dtype=torch.float64).view(2, 3)
    mask = ~targets.isnan()
    weights = None if weight is None else torch.full((3,), weight, dtype=torch.float64)
    found = loss(logits, targets, mask, weights)
    for t in range(3):
        total = sum(
            by_formula(loss, logits[b, t].item(), targets[b, t].item(), weight or 1.0)
            for b in range(2)
            if mask[b, t]
        )
        assert found.total[t].item() == pytest.approx(total, rel=1e-9, abs=1e-12)
    assert (found.n_cells == mask.sum(0)).all()
    assert found.n_rows == 2
    found.total.sum().backward()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()
    assert (logits.grad[~mask] == 0).all()


@every_loss
@settings(deadline=None)
@given(mask=st.lists(st.booleans(), min_size=20, max_size=20), fill=st.sampled_from([math.nan, 7]))
def test_unmeasured_cells_have_no_part(
    values: dict[str, Any], mask: list[bool], fill: float
) -> None:
    """Hiding cells is removing them, whatever stands in their place."""
    loss = loss_config(values)
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(5, 4, generator=generator, dtype=torch.float64)
    targets = (torch.rand(5, 4, generator=generator) < 0.5).double()
    measured = torch.tensor(mask).view(5, 4)
    found = loss(logits, targets.masked_fill(~measured, fill), measured)
    for t in range(4):
        rows = measured[:, t]
        alone = loss(logits[rows, t, None], targets[rows, t, None], rows[rows, None])
        torch.testing.assert_close(found.total[t, None], alone.total)


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "bce"},
        {"kind": "focal", "gamma": 0},
        {"kind": "asymmetric", "gamma_positive": 0, "gamma_negative": 0, "margin": 0},
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("weight", [None, 5.0])
def test_without_focus_all_are_cross_entropy(
    values: dict[str, Any], dtype: torch.dtype, weight: float | None
) -> None:
    logits = torch.linspace(-60, 60, 242, dtype=dtype).view(121, 2)
    targets = torch.arange(242).view(121, 2).remainder(3).eq(0).to(dtype)
    mask = torch.arange(242).view(121, 2).remainder(5).ne(0)
    weights = None if weight is None else torch.tensor([weight, 1], dtype=dtype)
    loss = loss_config(values)
    for start in range(0, 121, 11):  # few cells at a time: none hides behind a large one
        part = slice(start, start + 11)
        found = loss(logits[part], targets[part], mask[part], weights)
        torch.testing.assert_close(
            found.total, masked_bce(logits[part], targets[part], mask[part], weights).total
        )


def test_plain_cross_entropy_is_pytorchs_to_the_bit() -> None:
    logits, targets = torch.randn(64, 3), torch.rand(64, 3).round()
    mask, weight = torch.rand(64, 3) < 0.6, torch.tensor([1.0, 4.0, 9.0])
    cells = torch.nn.functional.binary_cross_entropy_with_logits(
        logits, targets, reduction="none", pos_weight=weight
    )
    assert torch.equal(masked_bce(logits, targets, mask, weight).total, (cells * mask).sum(0))


@every_loss
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_extreme_logits_are_finite_and_right(values: dict[str, Any], dtype: torch.dtype) -> None:
    loss = loss_config(values)
    logits = torch.tensor([[-60.0, -60, 60, 60, -500, 500, -1e4, 1e4]], dtype=dtype)
    logits.requires_grad_()
    targets = torch.tensor([[0.0, 1, 0, 1, 1, 0, 0, 1]], dtype=dtype)
    found = loss(logits, targets, torch.ones(1, 8, dtype=torch.bool))
    (slope,) = torch.autograd.grad(found.total.sum(), logits, create_graph=True)
    (curvature,) = torch.autograd.grad(slope.sum(), logits)
    assert all(x.isfinite().all() for x in (found.total, slope, curvature))
    if values == {"kind": "focal"}:
        torch.testing.assert_close(found.total[1:3], torch.tensor([60, 60], dtype=dtype))
    if loss.kind != "bce" or not loss.smoothing:  # type: ignore[attr-defined]
        torch.testing.assert_close(found.total[[0, 3, 6, 7]], torch.zeros(4, dtype=dtype))


@every_loss
def test_gradients_of_first_and_second_order(values: dict[str, Any]) -> None:
    loss = loss_config(values)
    logits = torch.tensor([[-2.0, -0.3, 1.1], [0.7, 2.5, -1.7]], dtype=torch.float64)
    logits.requires_grad_()
    targets = torch.tensor([[0.0, 1, 0], [1, 0, 0]], dtype=torch.float64)
    mask = torch.tensor([[True, True, False], [True, True, True]])
    weight = torch.tensor([2.0, 3.0, 1.0], dtype=torch.float64)

    def totals(logits: Tensor) -> Tensor:
        return loss(logits, targets, mask, weight).total

    assert torch.autograd.gradcheck(totals, logits)
    assert torch.autograd.gradgradcheck(totals, logits)


def test_easy_inactives_have_no_gradient_below_the_margin() -> None:
    """Not even where the power of 0 has an infinite slope."""
    loss = loss_config({"kind": "asymmetric", "gamma_negative": 0.5, "margin": 0.5})
    logits = torch.tensor([[-3.0], [0.0], [1.0]], requires_grad=True)
    losses = loss(logits, torch.zeros(3, 1), torch.ones(3, 1, dtype=torch.bool))
    losses.total.sum().backward()
    assert logits.grad is not None
    assert logits.grad[:2].tolist() == [[0], [0]]
    assert logits.grad[2] > 0


@every_loss
def test_per_task_gradients_by_vmap(values: dict[str, Any]) -> None:
    """What balancers do: the gradient of each task's own loss, with no loop over tasks."""
    torch.manual_seed(0)
    loss, network = loss_config(values), torch.nn.Linear(5, 3).double()
    x, targets = torch.randn(8, 5).double(), torch.rand(8, 3).round().double()
    mask = torch.rand(8, 3) < 0.7
    weights: dict[str, Tensor] = dict(network.named_parameters())

    def of_task(weights: dict[str, Tensor], task: Tensor) -> Tensor:
        logits = functional_call(network, weights, (x,))
        return (loss(logits, targets.masked_fill(~mask, math.nan), mask).total * task).sum()

    each = vmap(grad(of_task), in_dims=(None, 0))(weights, torch.eye(3).double())
    for t in range(3):
        total = loss(network(x), targets, mask).total[t]
        for name, expected in zip(
            weights, torch.autograd.grad(total, list(weights.values())), strict=True
        ):
            torch.testing.assert_close(each[name][t], expected)


def test_names_and_settings() -> None:
    assert loss_config("focal") == loss_config({"kind": "focal", "gamma": 2})
    assert loss_config({"smoothing": 0.1}).kind == "bce"
    made = loss_config("asymmetric")
    assert loss_config(made) is made
    for values, message in (
        ("focl", "unknown loss 'focl' .did you mean 'focal'"),
        ({"kind": "focal", "gama": 1}, "did you mean 'gamma'"),
        (3, "a name or settings by name are expected, found 3"),
    ):
        with pytest.raises(ConfigError, match=message):
            loss_config(values)  # type: ignore[arg-type]
    with pytest.raises(NotImplementedError):
        CellLoss(kind="x").cells(torch.zeros(1, 1), torch.zeros(1, 1), None)
