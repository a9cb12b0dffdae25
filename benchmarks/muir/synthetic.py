"""30 linear tasks in 3 groups, too few rows for each alone: are the groups found?

``y = x . w_t`` with ``w_t = s_t u_g`` in R^20 and 15 rows a task (arXiv 1906.00097, section 5.1;
after Kang et al., ICML 2011). One task alone is not determined; ten that share a direction are.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import yaml
from sklearn.metrics import adjusted_rand_score
from torch import Tensor, nn

from benchmarks.harness.study import report
from bioassay_mtl.nn.reparameterized import (
    AlignmentSearch,
    Blocks,
    Hypermodules,
    ModuleConfig,
    Reparameterized,
)
from bioassay_mtl.nn.reparameterized.attached import RowOptimizers

N_TASKS, N_GROUPS, N_INPUTS = 30, 3, 20
N_TRAIN, N_VALID, N_TEST = 10, 5, 200
NOISE = 0.5
"""Standard deviation of the noise of the noisy case: ours, for the paper's is not known to us."""


class Way(NamedTuple):
    """How to search: see ``synthetic.yaml``."""

    search: ModuleConfig
    steps: int
    rate: float
    end: float


_WAYS = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text())
PUBLISHED, QUICK = (
    Way(**_WAYS[name] | {"search": ModuleConfig.of(_WAYS[name]["search"])})
    for name in ("published", "quick")
)


class Rows(NamedTuple):
    """``(T, n, 20)`` and ``(T, n)``."""

    x: Tensor
    y: Tensor

    def error(self, weights: Tensor) -> float:
        """Root mean squared error of all tasks, with weights ``(T, 20)``."""
        predicted = torch.einsum("tni,ti->tn", self.x, weights.detach())
        return float((predicted - self.y).square().mean().sqrt())


class Problem(NamedTuple):
    """``(T,)`` groups; 10 and 5 rows of each task, and test rows without noise."""

    group: np.ndarray
    train: Rows
    valid: Rows
    test: Rows


def problem(seed: int, noise: float = 0.0) -> Problem:
    draws = np.random.default_rng(seed)
    group = draws.permutation(np.arange(N_TASKS) % N_GROUPS)
    directions = draws.normal(size=(N_GROUPS, N_INPUTS))
    scales = draws.uniform(0.5, 1.5, N_TASKS)
    weights = scales[:, None] * directions[group]
    parts = []
    for n, spread in ((N_TRAIN, noise), (N_VALID, noise), (N_TEST, 0.0)):
        x = draws.normal(size=(N_TASKS, n, N_INPUTS))
        y = np.einsum("tni,ti->tn", x, weights) + spread * draws.normal(size=(N_TASKS, n))
        parts.append(Rows(torch.from_numpy(x).float(), torch.from_numpy(y).float()))
    return Problem(group, *parts)


class RandomChoice(AlignmentSearch):
    """The same search, but that chance says which candidate stays."""

    def end(self) -> None:
        draws = torch.Generator().manual_seed(int(self.modules.generation))
        with torch.no_grad():
            self.modules.soft.normal_(generator=draws)
        super().end()


def solve(
    problem: Problem,
    seed: int = 0,
    *,
    search: type[AlignmentSearch] | None = AlignmentSearch,
    is_told: bool = False,
    way: Way = QUICK,
) -> tuple[Tensor, np.ndarray]:
    """``(T, 20)`` weights, and the module of each task: of the best generation on validation rows.

    Without a search alignments stay; with ``is_told`` tasks begin with the module of their group.
    """
    config = way.search
    draws = torch.Generator().manual_seed(seed)
    blocks = Blocks(((N_TASKS, N_INPUTS, 1),), (N_INPUTS, 1))
    modules = Hypermodules(
        blocks.fan_in, blocks.block, N_TASKS, config.contexts, config.challengers, draws
    )
    if is_told:
        modules.candidates[:] = torch.from_numpy(problem.group)[:, None]
    optimizers = RowOptimizers(modules)
    weight = nn.Parameter(torch.zeros(N_TASKS, N_INPUTS, 1))
    made = Reparameterized(
        modules, optimizers, [weight], blocks, soft_rate=config.soft_learning_rate
    )
    found = None if search is None else search(modules, config, seed, optimizers.forget)
    best, least = (weight[:, :, 0], modules.alignment.numpy()), np.inf
    assert config.steps is not None
    for number in range(way.steps + 1):
        if found:
            found.step(number, way.steps)
        made.write()
        if number % config.steps == 0 and (error := problem.valid.error(weight[:, :, 0])) < least:
            best = (weight.detach()[:, :, 0].clone(), modules.alignment.numpy().copy())
            least = error
        predicted = torch.einsum("tni,tio->tn", problem.train.x, weight)
        (predicted - problem.train.y).square().mean(dim=1).sum().backward()
        made.pull_back()
        late = max(0.0, number / way.steps - config.search_until) / (1 - config.search_until)
        made.step(way.rate * way.end**late, 0.0)
    return best


CASES: dict[str, dict[str, Any]] = {
    "": {},
    ", random choice": {"search": RandomChoice},
    ", single tasks": {"search": None},
    ", oracle": {"search": None, "is_told": True},
}
TARGETS = {("synthetic clean", "rmse"): "< 0.01", ("synthetic clean", "adjusted_rand_index"): "1"}


def show_synthetic(way: Way = QUICK, noises: Sequence[str] = ("clean", "noisy")) -> None:
    """Solve a problem in all ways, without noise and with it, and print how well."""
    for noise in noises:
        given = problem(0, NOISE * (noise == "noisy"))
        for words, case in CASES.items():
            weights, alignment = solve(given, 0, way=way, **case)
            index = float(adjusted_rand_score(given.group, alignment))
            found = {"rmse": given.test.error(weights), "adjusted_rand_index": index}
            for metric, value in found.items():
                case_of = f"synthetic {noise}{words}"
                report(case_of, metric, value, "1", TARGETS.get((case_of, metric)))
