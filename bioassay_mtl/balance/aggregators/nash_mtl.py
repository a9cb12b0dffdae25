"""Multi-task learning as a bargaining game (Navon et al., ICML 2022, arXiv 2202.01017)."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from torch import Tensor

from bioassay_mtl.balance.aggregators.base import GramianAggregator, torchjd_method
from bioassay_mtl.balance.balancer import balancers
from bioassay_mtl.config import Config


class NashMTLConfig(Config):
    """Settings of :class:`NashMTL`.

    Parameters
    ----------
    update_weights_every
        Batches for which weights are kept: solving takes seconds when tasks are many.
    optim_niter
        Most rounds of the solver.
    max_norm
        Largest norm of the aggregate, in root mean squares of the tasks' gradient norms; 0 for no
        bound.
    """

    kind: Literal["nash_mtl"] = "nash_mtl"
    update_weights_every: Annotated[int, Field(ge=1)] = 1
    optim_niter: Annotated[int, Field(ge=1)] = 20
    max_norm: Annotated[float, Field(ge=0)] = 1.0


@balancers.register("nash_mtl")
class NashMTL(GramianAggregator):
    """The Nash bargaining solution: ``G w = 1 / w``, elementwise.

    The balancer ``fairgrad`` with alpha 1 has the same direction at a fraction of the time.
    """

    config_class = NashMTLConfig
    agreed: Tensor
    """``(T,) float64`` weights solved last; those of an absent task stay as they are."""
    step: Tensor

    def __init__(self, config: Any, tasks: Sequence[str]) -> None:
        super().__init__(config, tasks)
        # A solver for each number of tasks present, kept because it is dear to build.
        self._solvers = {self.n_tasks: self._solver(self.n_tasks)}
        self.register_buffer("agreed", torch.ones(self.n_tasks, dtype=torch.float64))
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))

    def _solver(self, n: int) -> Any:
        return torchjd_method(
            "NashMTL",
            n_tasks=n,
            max_norm=0.0,
            update_weights_every=1,
            optim_niter=self.config.optim_niter,
        ).weighting

    def weigh(self, gramian: Tensor, present: Tensor) -> Tensor:
        at = present.to(self.agreed.device)
        if self.step % self.config.update_weights_every == 0:
            self.agreed[at] = self._solve(gramian, self.agreed[at].cpu()).to(self.agreed)
        self.step += 1
        weights = self.agreed[at].cpu()
        norm = (weights @ gramian @ weights).clamp_min(0).sqrt()
        if 0 < self.config.max_norm < norm:
            weights = weights * (self.config.max_norm / norm)
        return weights

    def _solve(self, gramian: Tensor, start: Tensor) -> Tensor:
        n = len(gramian)
        if n == 1:  # nobody to bargain with, which TorchJD does not allow
            return gramian.diagonal().rsqrt()
        if n not in self._solvers:
            self._solvers[n] = self._solver(n)
        solver = self._solvers[n]
        solver.prvs_alpha = start.numpy()
        # TorchJD takes gradients here: any rows with these inner products will do.
        values, vectors = torch.linalg.eigh(gramian)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the solver's hints are for authors of problems
            weights: Tensor = solver(vectors * values.clamp_min(0).sqrt())
        return weights
