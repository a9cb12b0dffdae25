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
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.network = network
        self.average = [p.detach().clone() for p in network.parameters()]
        self._pending = 0

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
        self._pending += 1
        if self.decay == 0 or last or self._pending == EVERY:
            keep = min(self.decay, (1 + step) / (10 + step)) ** self._pending
            torch._foreach_lerp_(self.average, list(self.network.parameters()), 1 - keep)
            self._pending = 0

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Inside, the network has the averaged weights."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def _swap(self) -> None:
        for parameter, average in zip(self.network.parameters(), self.average, strict=True):
            parameter.data, average.data = average.data, parameter.data

    def state(self) -> list[Tensor]:
        """Copies of the averaged weights, in the order of the network's parameters."""
        return [average.clone() for average in self.average]
