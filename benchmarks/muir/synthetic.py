"""30 linear tasks in 3 groups, too few rows for each alone: are the groups found?

``y = x . w_t`` with ``w_t = s_t u_g`` in R^20 and 15 rows a task (arXiv 1906.00097, section 5.1;
after Kang et al., ICML 2011). One task alone is not determined; ten that share a direction are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from bioassay_mtl.nn.reparameterised import (
    AlignmentSearch,
    Blocks,
    Hypermodules,
    ModuleConfig,
    Reparameterised,
)
from bioassay_mtl.nn.reparameterised.attached import RowOptimizers

N_TASKS, N_GROUPS, N_INPUTS, N_ROWS, N_TEST = 30, 3, 20, 15, 200
NOISE = 0.5
"""Standard deviation of the noise of the noisy case: ours, for the paper's is not known to us."""

SEARCH = ModuleConfig(
    block=(N_INPUTS, 1),
    contexts=1,
    challengers=8,
    share=0.5,
    challenger_weight=None,
    steps=3,
    soft_learning_rate=3.0,
    burn_in=0.0,
    search_until=0.65,
)
"""Short generations and fast soft weights find groups in thousands of steps; the published settings
(4 challengers, 100 steps a generation, a soft rate of 0.01) are for a hundred thousand."""
STEPS, RATE, END = 2400, 0.01, 0.3
"""Steps in all, learning rate, and the share of it in the last step."""


@dataclass(frozen=True)
class Problem:
    """Rows of all tasks.

    Parameters
    ----------
    group
        ``(T,)``: of each task.
    x, y
        ``(T, n, 20)`` and ``(T, n)`` to train on.
    test_x, test_y
        The same without noise, to judge by.
    """

    group: np.ndarray
    x: Tensor
    y: Tensor
    test_x: Tensor
    test_y: Tensor


def problem(seed: int, noise: float = 0.0) -> Problem:
    """Draw tasks and rows."""
    draws = np.random.default_rng(seed)
    group = draws.permutation(np.arange(N_TASKS) % N_GROUPS)
    directions = draws.normal(size=(N_GROUPS, N_INPUTS))
    scales = draws.uniform(0.5, 1.5, N_TASKS)
    weights = scales[:, None] * directions[group]
    x, test_x = (draws.normal(size=(N_TASKS, n, N_INPUTS)) for n in (N_ROWS, N_TEST))
    y, test_y = (np.einsum("tni,ti->tn", rows, weights) for rows in (x, test_x))
    y = y + noise * draws.normal(size=y.shape)
    return Problem(group, *(torch.from_numpy(each).float() for each in (x, y, test_x, test_y)))


def rmse(weights: Tensor, problem: Problem) -> float:
    """Root mean squared error on the test rows of all tasks."""
    predicted = torch.einsum("tni,ti->tn", problem.test_x, weights)
    return float((predicted - problem.test_y).square().mean().sqrt())


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
    config: ModuleConfig = SEARCH,
    steps: int = STEPS,
    rate: float = RATE,
) -> tuple[Tensor, np.ndarray]:
    """``(T, 20)`` weights, and the module of each task.

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
    config, steps, rate
        Settings of the search, steps in all, and the learning rate of the first.
    """
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
    for number in range(steps):
        if found:
            found.step(number, steps)
        made.write()
        predicted = torch.einsum("tni,tio->tn", problem.x, weight)
        (predicted - problem.y).square().mean(dim=1).sum().backward()
        made.pull_back()
        made.step(rate * END ** (number / steps), 0.0)
    return weight.detach()[:, :, 0], modules.alignment.numpy()
