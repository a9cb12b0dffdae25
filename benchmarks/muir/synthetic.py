"""30 linear tasks in 3 groups, too few rows for each alone: are the groups found?

``y = x . w_t`` with ``w_t = s_t u_g`` in R^20 and 15 rows a task (arXiv 1906.00097, section 5.1;
after Kang et al., ICML 2011). One task alone is not determined; ten that share a direction are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from scipy.sparse.csgraph import connected_components
from torch import Tensor, nn
from torch.nn import functional

from bioassay_mtl.nn.reparameterised import (
    AlignmentSearch,
    Blocks,
    Hypermodules,
    ModuleConfig,
    Reparameterised,
)
from bioassay_mtl.nn.reparameterised.attached import RowOptimizers

N_TASKS, N_GROUPS, N_INPUTS = 30, 3, 20
N_TRAIN, N_VALID, N_TEST = 10, 5, 200
ALIKE = 0.99
"""Cosine of weights that are one direction."""
NOISE = 0.5
"""Standard deviation of the noise of the noisy case: ours, for the paper's is not known to us."""


@dataclass(frozen=True)
class Way:
    """How it is searched.

    Parameters
    ----------
    search
        Settings of modules.
    steps
        In all.
    rate, end
        Learning rate, and the share of it in the last step.
    """

    search: ModuleConfig
    steps: int
    rate: float
    end: float = 1.0


PUBLISHED = Way(
    ModuleConfig(
        block=(N_INPUTS, 1),
        contexts=1,
        challengers=4,
        challenger_weight=None,
        steps=100,
        soft_learning_rate=0.01,
        burn_in=0.0,
        search_until=1000 / 1200,
    ),
    steps=120_000,
    rate=1e-3,
)
QUICK = Way(
    PUBLISHED.search.model_copy(
        update={"challengers": 8, "steps": 3, "soft_learning_rate": 3.0, "search_until": 0.65}
    ),
    steps=2400,
    rate=0.01,
    end=0.3,
)
"""Short generations and fast soft weights find groups in thousands of steps."""


class Rows(NamedTuple):
    """``(T, n, 20)`` and ``(T, n)``."""

    x: Tensor
    y: Tensor


@dataclass(frozen=True)
class Problem:
    """Rows of all tasks.

    Parameters
    ----------
    group
        ``(T,)``: of each task.
    train, valid, test
        10 and 5 rows a task, and test rows without noise.
    """

    group: np.ndarray
    train: Rows
    valid: Rows
    test: Rows


def problem(seed: int, noise: float = 0.0, *, signs: bool = False) -> Problem:
    """Draw tasks and rows; with ``signs``, half of the tasks of a group point the other way."""
    draws = np.random.default_rng(seed)
    group = draws.permutation(np.arange(N_TASKS) % N_GROUPS)
    directions = draws.normal(size=(N_GROUPS, N_INPUTS))
    scales = draws.uniform(0.5, 1.5, N_TASKS)
    if signs:
        scales *= draws.choice([-1, 1], N_TASKS)
    weights = scales[:, None] * directions[group]
    parts = []
    for n, spread in ((N_TRAIN, noise), (N_VALID, noise), (N_TEST, 0.0)):
        x = draws.normal(size=(N_TASKS, n, N_INPUTS))
        y = np.einsum("tni,ti->tn", x, weights) + spread * draws.normal(size=(N_TASKS, n))
        parts.append(Rows(torch.from_numpy(x).float(), torch.from_numpy(y).float()))
    return Problem(group, *parts)


def _error(rows: Rows, weights: Tensor) -> float:
    predicted = torch.einsum("tni,ti->tn", rows.x, weights.detach())
    return float((predicted - rows.y).square().mean().sqrt())


def rmse(weights: Tensor, problem: Problem) -> float:
    """Root mean squared error on the test rows of all tasks."""
    return _error(problem.test, weights)


def directions(weights: Tensor) -> np.ndarray:
    """``(T,)``: tasks whose weights are the same up to a factor of either sign have one number."""
    unit = functional.normalize(weights, dim=1)
    _, found = connected_components((unit @ unit.T).abs().numpy() > ALIKE)
    return np.asarray(found)


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
    alignment: np.ndarray | None = None,
    way: Way = QUICK,
) -> tuple[Tensor, np.ndarray]:
    """``(T, 20)`` weights, and the module of each task: of the best generation on validation rows.

    Parameters
    ----------
    problem
        What is learned.
    seed
        Of modules and search.
    search
        How alignments are searched; None for not at all.
    alignment
        ``(T,)`` at first; None for a module for each task.
    way
        Settings.
    """
    config = way.search
    draws = torch.Generator().manual_seed(seed)
    blocks = Blocks(((N_TASKS, N_INPUTS, 1),), (N_INPUTS, 1))
    modules = Hypermodules(
        blocks.fan_in, blocks.block, N_TASKS, config.contexts, config.challengers, draws
    )
    if alignment is not None:
        modules.candidates[:] = torch.from_numpy(alignment)[:, None]
    optimizers = RowOptimizers(modules)
    weight = nn.Parameter(torch.zeros(N_TASKS, N_INPUTS, 1))
    made = Reparameterised(
        modules, optimizers, [weight], blocks, soft_rate=config.soft_learning_rate
    )
    found = None if search is None else search(modules, config, seed, optimizers.forget)
    best, least = (weight[:, :, 0], modules.alignment.numpy()), np.inf
    assert config.steps is not None
    for number in range(way.steps + 1):
        if found:
            found.step(number, way.steps)
        made.write()
        if number % config.steps == 0 and (error := _error(problem.valid, weight[:, :, 0])) < least:
            best, least = (
                (weight.detach()[:, :, 0].clone(), modules.alignment.numpy().copy()),
                error,
            )
        predicted = torch.einsum("tni,tio->tn", problem.train.x, weight)
        (predicted - problem.train.y).square().mean(dim=1).sum().backward()
        made.pull_back()
        late = max(0.0, number / way.steps - config.search_until) / (1 - config.search_until)
        made.step(way.rate * way.end**late, 0.0)
    return best
