"""Factors of the losses of panels: the weightings of tasks, with panels in their place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from bioassay_mtl.balance import balance_config
from bioassay_mtl.balance.balancer import balancers, build_balancer
from bioassay_mtl.balance.weightings.base import LossWeighting
from bioassay_mtl.config import Config
from bioassay_mtl.errors import ConfigError

ACROSS = ("dwa", "lbtw")
"""Weightings that go by the losses of the tasks that a batch has: here, of one panel."""


def balance_of_panels(values: str | Mapping[str, Any] | Config) -> Config:
    """Settings of the balance of panels, by name or by ``kind``.

    Raises
    ------
    ConfigError
        The balancer needs the losses, or gradients, of all panels at once.
    """
    config = balance_config(values)
    kind = config.kind  # type: ignore[attr-defined]
    if kind not in ("sum", *ACROSS):
        raise ConfigError(
            f"balance: a batch is of one panel, and {kind!r} weighs tasks of one batch: choose "
            f"sum, {', '.join(ACROSS)} for panels, and give {kind!r} to the panels' own settings"
        )
    return config


class PanelBalance:
    """The factors of the panels' losses.

    Parameters
    ----------
    config
        Settings of the weighting.
    fixed
        Further factors by panel.
    panels
        Their names.
    device
        Device that losses are computed on.
    """

    def __init__(
        self,
        config: Config,
        fixed: Mapping[str, float],
        panels: Sequence[str],
        device: torch.device,
    ) -> None:
        kind = config.kind  # type: ignore[attr-defined]
        self._weighting: LossWeighting | None = None
        if issubclass(balancers[kind], LossWeighting):
            weighting = build_balancer(config, panels).to(device)
            assert isinstance(weighting, LossWeighting)
            self._weighting = weighting
        self._fixed, self._panels = dict(fixed), list(panels)

    def of(self, panel: str) -> Callable[[Tensor], Tensor] | None:
        """Map from the loss of a step of a panel to its factor; None where that is 1."""
        if self._weighting is None and panel not in self._fixed:
            return None
        return partial(self._factor, self._panels.index(panel), self._fixed.get(panel, 1.0))

    def _factor(self, number: int, fixed: float, loss: Tensor) -> Tensor:
        if self._weighting is None:
            return loss.new_tensor(fixed)
        losses = loss.new_zeros(len(self._panels))
        losses[number] = loss.detach()
        present = torch.zeros_like(losses, dtype=torch.bool)
        present[number] = True
        return fixed * self._weighting.weights(losses, present)[number]

    def start_round(self, number: int) -> None:
        """Callback before the first step of a round."""
        if self._weighting is not None:
            self._weighting.start_epoch(number)

    def tensors(self) -> Iterator[tuple[str, Tensor]]:
        """Tensors of a checkpoint."""
        if self._weighting is not None:
            yield from self._weighting.state_dict().items()
