"""Learning from measured cells alone is learning from arrays of all cells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from bioassay_mtl.chem.features import PackedBits
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn import build_network
from bioassay_mtl.nn.draws import Draws
from bioassay_mtl.nn.pairs import Pairs, pair_products
from bioassay_mtl.tasks import Binary, Censored, Multiclass, Ordinal, Regression, TaskKind
from bioassay_mtl.tasks.measured import MeasuredCells
from bioassay_mtl.training import batches
from bioassay_mtl.training.batches import ResidentData
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.module import TrainingModule

N, T, BITS = 40, 7, 64
MIXED: tuple[TaskKind, ...] = (
    Binary(),
    Multiclass(classes=("a", "b", "c")),
    Ordinal(classes=("low", "mid", "high")),
    Regression(),
    Censored(),
    Binary(),
    Censored(),
)
PLAIN = (Binary(),) * T


def cells_of(kinds: tuple[TaskKind, ...], share: float = 0.3) -> MeasuredCells:
    rng = np.random.default_rng(1)
    labels = np.full((N, T), np.nan, np.float32)
    for task, kind in enumerate(kinds):
        n = len(kind.outcomes)
        labels[:, task] = rng.integers(n, size=N) if n else rng.normal(size=N)
    labels[rng.random((N, T)) > share] = np.nan
    bounds = rng.integers(-1, 2, (N, T)) * [kind.has_bounds for kind in kinds]
    return MeasuredCells.from_dense(labels, np.where(np.isnan(labels), 0, bounds).astype(np.int8))


def module(
    kinds: tuple[TaskKind, ...], changes: Mapping[str, Any], *, sparse: bool, weighted: bool = False
) -> TrainingModule:
    rng = np.random.default_rng(2)
    bits = PackedBits(rng.integers(0, 256, (N, BITS // 8)).astype(np.uint8), BITS)
    cells = cells_of(kinds)
    weights = rng.random(cells.n_cells).astype(np.float32) + 0.5 if weighted else None
    data = ResidentData({"x": bits}, cells, torch.device("cpu"), kinds, weights, sparse=sparse)
    network = {
        "experts": [{"inputs": ["x"], "n": 3, "width": 8, "dropout": 0.0}],
        **changes.get("network", {}),
    }
    config = TrainingConfig.of(
        {
            "fingerprints": {"x": {"kind": "given", "n_bits": BITS}},
            "batch_size": 20,
            **changes,
            "network": network,
        }
    )
    tasks = [f"t{t}" for t in range(T)]
    with Draws(0).used():
        built: Any = build_network(config.network, {"x": BITS}, tasks, kinds)
        built.double()
        for parameter in built.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
        rows = torch.arange(N)
        return TrainingModule(built, config, data, rows[:30], rows[30:], tasks, started=True)


def step(of: TrainingModule) -> tuple[Tensor, list[Tensor]]:
    of.set_rate(3)
    with Draws(1).used():
        of.balancer.start_epoch(0)
        loss = of(torch.arange(20))
        loss.backward()
    return loss.detach(), [
        torch.zeros_like(p) if p.grad is None else p.grad.clone() for p in of.parameters()
    ]


CHANGES: list[dict[str, Any]] = [
    {},
    {"expert_loss": 0.5},
    {"expert_loss": 0.5, "decoupled": True, "reduction": "mean_per_task"},
    {"positive_weight": "sqrt", "task_weights": {"t1": 2.0}},
    {"loss": "focal"},
    {"network": {"tower": {"kind": "linear"}}},
    {"network": {"tower": {"kind": "mlp", "width": 4}}, "expert_loss": 0.5},
    {"network": {"gate": {"kind": "linear"}}},
    {"network": {"connections": {"kind": "exclusion"}}},
    {"balance": "two_step"},
    {"balance": {"kind": "two_step", "order": 2}, "expert_loss": 0.5},
    {"balance": {"kind": "two_step", "tasks_per_step": 2, "task_sampling": "actives"}},
    {"balance": "dwa"},
    {"balance": "lbtw"},
    {"balance": "uncertainty"},
    {"balance": "gradnorm"},
    {"balance": "pcgrad"},
]


@pytest.mark.parametrize("kinds", [PLAIN, MIXED], ids=["binary", "mixed"])
@pytest.mark.parametrize("changes", CHANGES, ids=str)
@pytest.mark.cases(7)
def test_losses_and_gradients_are_those_of_arrays(
    kinds: tuple[TaskKind, ...], changes: dict[str, Any]
) -> None:
    for weighted in (False, True):
        (loss, slopes), (expected, dense) = (
            step(module(kinds, changes, sparse=sparse, weighted=weighted))
            for sparse in (True, False)
        )
        torch.testing.assert_close(loss, expected, rtol=1e-6, atol=1e-9, check_dtype=False)
        for slope, other in zip(slopes, dense, strict=True):
            torch.testing.assert_close(slope, other, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("kinds", [PLAIN, MIXED], ids=["binary", "mixed"])
def test_validation_scores_are_those_of_arrays(kinds: tuple[TaskKind, ...]) -> None:
    scores = []
    for sparse in (True, False):
        of = module(kinds, {}, sparse=sparse).eval()
        with torch.inference_mode():
            outputs = of.outputs(of.valid_rows)
        assert outputs.dim() == (1 if sparse else 2)
        scores.append(of.score_of(outputs))
    assert scores[0] == pytest.approx(scores[1], rel=1e-5)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 12), st.integers(0, 99))
def test_products_of_pairs(n: int, m: int, n_pairs: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    a = torch.randn(n, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    b = torch.randn(m, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    rows = torch.randint(n, (n_pairs,), generator=generator).sort().values
    pairs = Pairs(rows, torch.randint(m, (n_pairs,), generator=generator), n, m, rising=True)
    torch.testing.assert_close(pair_products(a, b, pairs), (a @ b.T)[pairs.rows, pairs.columns])
    if n_pairs:
        torch.autograd.gradcheck(lambda x, y: pair_products(x, y, pairs), (a, b))
        torch.autograd.gradgradcheck(lambda x, y: pair_products(x, y, pairs), (a, b))


def test_what_needs_the_gradient_of_each_task_is_refused_for_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bioassay_mtl.balance.objective.MOST_DENSE_TASKS", T - 1)
    with pytest.raises(ConfigError, match="at most 6 tasks"):
        step(module(PLAIN, {"balance": "gradnorm"}, sparse=True))
    with pytest.raises(ConfigError, match="scope 'task'"):
        step(module(PLAIN, {"balance": {"kind": "two_step", "scope": "all"}}, sparse=True))


def test_few_cells_of_many_tasks_are_learned_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    device, cells = torch.device("cpu"), cells_of(PLAIN, share=0.1)
    assert not ResidentData({}, cells, device).is_sparse
    monkeypatch.setattr(batches, "FEWEST_SPARSE_TASKS", T)
    assert not ResidentData({}, cells, device).is_sparse
    monkeypatch.setattr(batches, "MOST_SPARSE_SHARE", 0.2)
    assert ResidentData({}, cells, device).is_sparse


def test_outcomes_kept_whole_are_those_of_their_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "ROWS_AT_ONCE", 7)
    device, cells = torch.device("cpu"), cells_of(PLAIN, share=0.3)
    rows = torch.tensor([N - 1, 0, 8, 8, 3])
    whole = ResidentData({}, cells, device, PLAIN)
    assert whole._is_kept_whole
    monkeypatch.setattr(batches, "FEWEST_WHOLE_SHARE", 0.9)
    alone = ResidentData({}, cells, device, PLAIN)
    assert not alone._is_kept_whole
    for ours, theirs in zip(whole.dense_targets(rows), alone.dense_targets(rows), strict=True):
        assert ours.dtype == theirs.dtype
        assert torch.equal(ours, theirs)
