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

    ``a <- a + (1 - min(decay, (1 + k) / (10 + k))^EVERY) (w - a)`` after each step k that is a
    multiple of ``EVERY``.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.network = network
        self.average = [p.detach().clone() for p in network.parameters()]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Move towards the weights after step number ``step`` (from 1)."""
        if self.decay == 0 or step % EVERY == 0:
            keep = min(self.decay, (1 + step) / (10 + step)) ** EVERY if self.decay else 0.0
            torch._foreach_lerp_(self.average, list(self.network.parameters()), 1 - keep)

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
