"""AdamW for rows of which a step uses some: the others neither move, decay, nor age."""

from __future__ import annotations

import torch
from torch import Tensor, nn

BETAS, EPSILON = (0.9, 0.999), 1e-8
"""Defaults of `torch.optim.AdamW`, whose update this is, counted by a row's own steps."""


class RowAdamW(nn.Module):
    """The state of AdamW (https://arxiv.org/abs/1711.05101) for each row of one parameter.

    A dense optimizer would pull modules that a panel does not use towards 0 in each of its steps.

    Parameters
    ----------
    parameter
        ``(R, ...)``.
    """

    mean: Tensor
    square: Tensor
    age: Tensor

    def __init__(self, parameter: nn.Parameter) -> None:
        super().__init__()
        self.of = [parameter]  # in a list: its owner keeps it among its own
        self.register_buffer("mean", torch.zeros_like(parameter, requires_grad=False))
        self.register_buffer("square", torch.zeros_like(parameter, requires_grad=False))
        self.register_buffer(
            "age", torch.zeros(len(parameter), dtype=torch.float64, device=parameter.device)
        )

    def reset(self, rows: Tensor) -> None:
        """Forget some rows' past."""
        for state in (self.mean, self.square, self.age):
            state[rows] = 0

    @torch.no_grad()
    def step(self, rows: Tensor, gradient: Tensor, rate: float, decay: float = 0.0) -> None:
        """Move some rows.

        Parameters
        ----------
        rows
            ``(S,)``, each once.
        gradient
            ``(S, ...)``.
        rate, decay
            Learning rate and decoupled weight decay.
        """
        mean = self.mean[rows].lerp_(gradient, 1 - BETAS[0])
        square = self.square[rows].mul_(BETAS[1]).addcmul_(gradient, gradient, value=1 - BETAS[1])
        age = self.age[rows] + 1
        self.mean[rows], self.square[rows], self.age[rows] = mean, square, age
        shape = (-1, *[1] * (mean.dim() - 1))
        size = (rate / (1 - BETAS[0] ** age)).to(mean).view(shape)
        root = (1 - BETAS[1] ** age).sqrt().to(mean).view(shape)
        parameter = self.of[0]
        moved = parameter[rows].mul_(1 - rate * decay)
        parameter[rows] = moved.sub_(size * mean / (square.sqrt_() / root + EPSILON))
