"""Families of tasks whose dimensions are known.

A task is d linear conditions on D weights, ``A theta = c_t``, as in the toy problem of Li et al.
(2018), where d numbers are needed and enough. Its right side is ``c_t = A theta_0 + C b_t`` with C
(d, k) common to all tasks: together they need k directions of d numbers each, and k coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bioassay_mtl.nn.draws import Draws
from bioassay_mtl.nn.low_dimensional.layout import Layout
from bioassay_mtl.nn.low_dimensional.settings import LowDimensionalConfig
from bioassay_mtl.nn.low_dimensional.space import Space, mixes

STEPS = 120
"""Of L-BFGS."""


@dataclass(frozen=True)
class Family:
    """Tasks with known answers: d conditions a task, k directions that tasks share."""

    d: int
    k: int
    n_tasks: int
    seed: int = 0

    @property
    def aid(self) -> float:
        """Numbers a task that are needed together, ``d k / n + k``."""
        return self.d * self.k / self.n_tasks + self.k

    def score(self, network: dict[str, Any]) -> NDArray[np.float64]:
        """``(n,)``: share of each task's conditions that is met, 0 at the start."""
        if network["form"] == "free":
            return np.ones(self.n_tasks)
        layout = Layout({"x": 60}, 16, 1, 1)
        config = LowDimensionalConfig.of({"inputs": ["x"], "depth": 1, "width": 16, **network})
        generator = torch.Generator().manual_seed(self.seed)
        with Draws(self.seed).used():
            space = Space(config, layout, self.n_tasks).double()
        coordinates = nn.Parameter(torch.zeros(self.n_tasks, config.coordinates).double())
        if config.shares:
            nn.init.normal_(coordinates, std=0.1, generator=generator)
        conditions = torch.randn(self.d, layout.n_weights, generator=generator).double()
        conditions /= layout.n_weights**0.5
        directions = torch.randn(self.d, self.k, generator=generator).double()
        wanted = torch.randn(self.n_tasks, self.k, generator=generator).double() @ directions.T
        start = wanted.square().sum(1)

        def missed() -> Tensor:
            points = space.points(coordinates)
            weights = points if space.by_task else mixes(coordinates) @ points
            moved: Tensor = (weights - space.origin) @ conditions.T
            return (moved - wanted).square().sum(1) / start

        optimizer = torch.optim.LBFGS(
            [coordinates, *space.parameters()],
            max_iter=STEPS,
            history_size=20,
            line_search_fn="strong_wolfe",
        )

        def closure() -> Tensor:
            optimizer.zero_grad()
            loss: Tensor = missed().sum()
            loss.backward()
            return loss

        optimizer.step(closure)
        return np.asarray(1 - missed().detach().numpy())
