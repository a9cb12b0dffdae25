"""Moving average of weights: smoother than the last step, at the cost of a copy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

EVERY = 4
"""Steps between updates: four times cheaper, and as good."""


class WeightAverage:
    """Exponential moving average of a network's parameters, young weights forgotten faster.

    ``a <- a + (1 - min(decay, (1 + k) / (10 + k))^m) (w - a)`` after step k, where m steps were
    taken since the last move: after every ``EVERY`` steps, and after the last of an epoch, so that
    no step is lost and nothing is pending between epochs.

    Attributes
    ----------
    average
        Averaged weights, in the order of the network's parameters.
    pending
        Steps since the last move.
    step
        Number of the last step.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.network = network
        self.average = [p.detach().clone() for p in network.parameters()]
        self.pending = self.step = 0

    @torch.no_grad()
    def update(self, step: int, *, last: bool = False) -> None:
        """Move towards the weights after a step.

        Parameters
        ----------
        step
            Number of the step, from 1.
        last
            Whether it ends an epoch.
        """
        self.pending, self.step = self.pending + 1, step
        if self.decay == 0 or last or self.pending == EVERY:
            self._move(self.average)
            self.pending = 0

    def _move(self, average: list[Tensor]) -> None:
        keep = min(self.decay, (1 + self.step) / (10 + self.step)) ** self.pending
        torch._foreach_lerp_(average, list(self.network.parameters()), 1 - keep)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Context in which the network has the averaged weights."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def _swap(self) -> None:
        for parameter, average in zip(self.network.parameters(), self.average, strict=True):
            parameter.data, average.data = average.data, parameter.data

    @torch.no_grad()
    def state(self) -> list[Tensor]:
        """Copies of the averaged weights, in the order of the network's parameters.

        Steps since the last move have a part in them; the average itself stays as it is.
        """
        copies = [average.clone() for average in self.average]
        self._move(copies)
        return copies
