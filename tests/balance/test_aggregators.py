"""Aggregators against TorchJD on the explicit Jacobian, and what must hold for all of them."""

from __future__ import annotations

import sys
import warnings
from itertools import combinations
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from bioassay_mtl.balance import balance_config, balancers, build_balancer
from bioassay_mtl.balance.aggregators import GramianAggregator
from bioassay_mtl.errors import MissingExtraError
from tests.balance.small_batch import (
    TASKS,
    assert_same,
    expected_gradients,
    gradients,
    jacobian,
    small_batch,
)
from tests.needs import extra

aggregation = extra("torchjd.aggregation", "torchjd")

RIVALS: dict[str, Any] = {
    "aligned_mtl": lambda n: aggregation.AlignedMTL(),
    "cagrad": lambda n: aggregation.CAGrad(c=0.4),
    "dual_proj": lambda n: aggregation.DualProj(),
    "fairgrad": lambda n: aggregation.FairGrad(alpha=1.0),
    "graddrop": lambda n: aggregation.GradDrop(),
    "gradvac": lambda n: aggregation.GradVac(),
    "imtl_g": lambda n: aggregation.IMTLG(),
    "mgda": lambda n: aggregation.MGDA(),
    "nash_mtl": lambda n: aggregation.NashMTL(n_tasks=n),
    "pcgrad": lambda n: aggregation.PCGrad(),
    "upgrad": lambda n: aggregation.UPGrad(),
}
TOLERANCES = {"cagrad": 1e-4, "nash_mtl": 1e-4, "fairgrad": 1e-6, "gradvac": 1e-7}
"""Of iterative solvers: rounding errors decide where they stop."""
GRAMIANS = sorted(name for name, kind in balancers.items() if issubclass(kind, GramianAggregator))
DETERMINISTIC = [name for name in GRAMIANS if name not in ("pcgrad", "gradvac")]


def build(name: str, tasks: list[str] = TASKS, **options: Any) -> Any:
    return build_balancer(balance_config({"kind": name, **options}), tasks)


def gramian_of(seed: int, n: int = 5) -> Tensor:
    """Of gradients in general position, some of them in conflict."""
    rows = torch.randn(n, 2 * n, generator=torch.Generator().manual_seed(seed)).double()
    return rows @ rows.T


def test_every_aggregator_is_compared() -> None:
    assert sorted({*GRAMIANS, "graddrop"}) == sorted(RIVALS)


@pytest.mark.parametrize("name", RIVALS)
@pytest.mark.parametrize(
    "case",
    [
        {"expert_loss": 0.7, "decoupled": True},
        {"tower": "linear", "closed": True, "absent": (1,)},
        {"tower": "mlp", "gate": "low_rank", "absent": (0, 3)},
    ],
)
def test_the_update_is_that_of_torchjd(name: str, case: dict[str, Any]) -> None:
    batch = small_batch(**case)
    balancer, rows = build(name), jacobian(batch)[batch.present]
    scale = rows.square().sum(1).mean().sqrt()
    rival = RIVALS[name](len(rows))
    torch.manual_seed(3)
    update = balancer(batch)
    torch.manual_seed(3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Nash-MTL's solver
        aggregate = scale * rival(rows / scale)
    assert (aggregate - rows.sum(0)).norm() > 1e-3 * aggregate.norm(), "no different from the sum"
    expected = expected_gradients(batch, aggregate)
    assert_same(gradients(batch, update.loss), expected, TOLERANCES.get(name, 1e-9))
    torch.testing.assert_close(update.task_losses, batch.task_losses().detach())


def test_gradvac_remembers_as_torchjd_does() -> None:
    rival, balancer = aggregation.GradVacWeighting(), build("gradvac")
    for seed in range(3):
        gramian = gramian_of(seed)
        gramian = gramian / gramian.trace() * 5
        torch.manual_seed(seed)
        expected = rival(gramian)
        torch.manual_seed(seed)
        found = balancer.task_weights(gramian, torch.ones(5, dtype=torch.bool))
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)
    before = balancer.cosines.clone()
    balancer.task_weights(gramian_of(9), torch.arange(5) != 2)
    changed = balancer.cosines != before
    assert not changed[2].any()
    assert not changed[:, 2].any()
    assert changed[0, 1]


@pytest.mark.parametrize("name", RIVALS)
def test_masked_targets_have_no_part(name: str) -> None:
    found = []
    for value in (torch.nan, 0.0, 1.0):
        batch = small_batch(absent=(2,), expert_loss=0.7)
        data: Any = batch.data
        data.labels = torch.where(data.mask, data.labels, value)
        torch.manual_seed(3)
        found.append(gradients(batch, build(name)(batch).loss))
    for other in found[1:]:
        assert_same(other, found[0], 0.0)
    assert all(value.isfinite().all() for value in found[0].values())


@pytest.mark.parametrize("name", GRAMIANS)
@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 999), absent=st.sets(st.integers(0, 4), max_size=4))
def test_an_absent_task_changes_nobodys_weight(name: str, seed: int, absent: set[int]) -> None:
    there = [t for t in range(5) if t not in absent]
    gramian, present = gramian_of(seed), torch.tensor([t in there for t in range(5)])
    torch.manual_seed(seed)
    weights = build(name).task_weights(gramian * present * present[:, None], present)
    torch.manual_seed(seed)
    alone = build(name, [TASKS[t] for t in there]).task_weights(
        gramian[there][:, there], torch.ones(len(there), dtype=torch.bool)
    )
    torch.testing.assert_close(weights[there], alone, rtol=1e-9, atol=1e-12)
    assert (weights[~present] == 0).all()


@pytest.mark.parametrize("name", DETERMINISTIC)
@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 999), order=st.permutations(range(5)))
def test_permuting_tasks_permutes_weights(name: str, seed: int, order: list[int]) -> None:
    gramian, present = gramian_of(seed), torch.ones(5, dtype=torch.bool)
    weights = build(name).task_weights(gramian, present)
    permuted = build(name).task_weights(gramian[order][:, order], present)
    torch.testing.assert_close(permuted, weights[order], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", GRAMIANS)
def test_the_scale_of_the_losses_decides_nothing(name: str) -> None:
    present = torch.ones(5, dtype=torch.bool)
    found = []
    for scale in (1.0, 2.0**-40):  # a power of two, so that no digit changes
        torch.manual_seed(0)
        found.append(build(name).task_weights(scale * gramian_of(0), present))
    torch.testing.assert_close(*found, rtol=0, atol=0)


@pytest.mark.parametrize("name", GRAMIANS)
def test_no_gradient_or_no_task_is_no_fault(name: str) -> None:
    everyone, nobody = torch.ones(5, dtype=torch.bool), torch.zeros(5, dtype=torch.bool)
    assert (build(name).task_weights(torch.zeros(5, 5), everyone) == 1).all()
    assert (build(name).task_weights(torch.zeros(5, 5), nobody) == 0).all()
    assert (build(name).task_weights(torch.full((5, 5), torch.nan), everyone) == 1).all()
    alone = build(name).task_weights(gramian_of(0), everyone & (torch.arange(5) == 3))
    assert alone[3] > 0
    assert alone.count_nonzero() == 1


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 999))
def test_mgda_finds_the_shortest_vector_of_the_hull(seed: int) -> None:
    gramian = gramian_of(seed, 4)
    balancer = build("mgda", TASKS[:4], epsilon=1e-9, max_iters=3000)
    weights = balancer.task_weights(gramian, torch.ones(4, dtype=torch.bool))
    assert weights.sum().item() == pytest.approx(1)
    shortest = min(
        _shortest_on_face(gramian, face) for n in range(1, 5) for face in combinations(range(4), n)
    )
    assert (weights @ gramian @ weights).item() == pytest.approx(shortest, rel=5e-2)


def _shortest_on_face(gramian: Tensor, face: tuple[int, ...]) -> float:
    """Squared norm of the shortest vector with weights on one face alone, if they are weights."""
    among = gramian[list(face)][:, list(face)]
    weights = torch.linalg.solve(among, torch.ones(len(face)).double())
    weights = weights / weights.sum()
    return (weights @ among @ weights).item() if (weights >= 0).all() else float("inf")


@pytest.mark.parametrize("name", ["pcgrad", "gradvac"])
def test_gradients_at_right_angles_are_left_alone(name: str) -> None:
    weights = build(name).task_weights(torch.eye(5).double(), torch.ones(5, dtype=torch.bool))
    torch.testing.assert_close(weights, torch.ones(5).double())


def test_imtl_g_projects_equally_on_all() -> None:
    gramian = gramian_of(1)
    weights = build("imtl_g").task_weights(gramian, torch.ones(5, dtype=torch.bool))
    projections = gramian @ weights / gramian.diagonal().sqrt()
    torch.testing.assert_close(projections, projections[:1].expand(5))


@pytest.mark.parametrize("name", ["upgrad", "dual_proj", "mgda"])
def test_no_task_gets_worse(name: str) -> None:
    weights = build(name).task_weights(gramian_of(4), torch.ones(5, dtype=torch.bool))
    assert (gramian_of(4) @ weights).min() > -1e-2 * gramian_of(4).max()


def test_nash_bargain_is_a_fixed_point() -> None:
    gramian, present = gramian_of(5), torch.ones(5, dtype=torch.bool)
    weights = build("nash_mtl", max_norm=0.0, optim_niter=100).task_weights(gramian, present)
    share = weights * (gramian @ weights)
    torch.testing.assert_close(share, share.mean().expand(5), rtol=2e-2, atol=0)
    fair = build("fairgrad", alpha=1.0).task_weights(gramian, present)
    torch.testing.assert_close(weights / weights.sum(), fair / fair.sum(), rtol=1e-3, atol=0)


def test_nash_keeps_weights_between_solutions() -> None:
    balancer = build("nash_mtl", update_weights_every=2, max_norm=0.0)
    present = torch.ones(5, dtype=torch.bool)
    first, second, third = (balancer.task_weights(gramian_of(s), present) for s in (0, 1, 1))
    torch.testing.assert_close(first, second, rtol=0, atol=0)
    assert not torch.allclose(second, third)


def test_graddrop_leaks() -> None:
    batch = small_batch()
    everything = gradients(batch, build("graddrop", leak=1.0)(batch).loss)
    assert_same(everything, gradients(batch, batch.task_losses().sum()), 1e-9)


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchjd", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'bioassay-mtl\[torchjd\]'"):
        build("mgda")


def test_a_missing_solver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torchjd._mixins.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"solver of torchjd .*bioassay-mtl\[torchjd\]"):
        build("cagrad")
