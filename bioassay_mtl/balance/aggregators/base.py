"""Aggregation of the tasks' gradients by weights that their inner products decide.

Most methods are TorchJD's (https://torchjd.org): here they are given the Gramian of the gradients
at the shared representation, of :mod:`bioassay_mtl.balance.shared_gradients`, in place of a
backward pass for each task.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from bioassay_mtl.balance.balancer import Balancer, Update
from bioassay_mtl.balance.objective import Batch
from bioassay_mtl.balance.ranks import mean_of_ranks, of_first_rank, on_any_rank
from bioassay_mtl.balance.shared_gradients import shared_gradients
from bioassay_mtl.errors import MissingExtraError


class GramianAggregator(Balancer):
    """Shared parameters receive ``sum_t w_t g_t``, towers and gates their own task's gradient.

    Only the tasks present in the batch take part. A method sees their gradients scaled to a mean
    squared norm of 1, so that its absolute tolerances fit losses of every size; what it decides,
    weights, most methods take from the directions and the relative sizes alone.
    """

    def weigh(self, gramian: Tensor, present: Tensor) -> Tensor:
        """``(n,)`` weights of the tasks present.

        Parameters
        ----------
        gramian
            ``(n, n) float64``, on the CPU, of trace n.
        present
            ``(n,)``: the numbers of those tasks, rising.
        """
        raise NotImplementedError

    def forward(self, batch: Batch) -> Update:
        gradients = shared_gradients(batch)
        gramian, present = mean_of_ranks(gradients.gramian()), on_any_rank(batch.present)
        # Solvers take many small steps, for which a device is too slow: one copy there, one back.
        known = torch.cat([gramian.double(), present[None].double()]).cpu()
        weights = self.task_weights(known[:-1], known[-1] > 0).to(gramian)
        loss = gradients.update(gradients.combine(of_first_rank(weights)))
        return Update(loss, gradients.losses.detach())

    @torch.no_grad()
    def task_weights(self, gramian: Tensor, present: Tensor) -> Tensor:
        """``(T,)`` weights, 0 of absent tasks, for a Gramian ``(T, T)`` of any scale."""
        numbers = present.nonzero().flatten()
        among = gramian[numbers][:, numbers]
        scale = among.trace() / max(1, len(numbers))
        weights = torch.zeros_like(gramian[0])
        # Without any gradient there is nothing to weigh; one that is not finite must show.
        is_usable = bool(scale > 0) and bool(among.isfinite().all())
        weights[numbers] = self.weigh(among / scale, numbers) if is_usable else 1.0
        return weights


class TorchJDAggregator(GramianAggregator):
    """A method of TorchJD, whose parameters are the settings but for ``kind``.

    Raises
    ------
    MissingExtraError
        TorchJD, or a solver that the method needs, is not installed.
    """

    method: ClassVar[str]
    """Name of TorchJD's weighting."""

    def __init__(self, config: Any, tasks: Sequence[str]) -> None:
        super().__init__(config, tasks)
        self.weighting = torchjd_method(self.method, **config.model_dump(exclude={"kind"}))

    def weigh(self, gramian: Tensor, present: Tensor) -> Tensor:
        weights: Tensor = self.weighting(gramian)
        return weights


def torchjd_method(name: str, **settings: Any) -> Any:
    """A weighting of TorchJD, made from its settings."""
    try:
        from torchjd import aggregation

        return getattr(aggregation, name)(**settings)
    except ImportError as error:
        # TorchJD itself has no name for the solver that it misses.
        raise MissingExtraError(error.name or "a solver of torchjd", "torchjd") from None
