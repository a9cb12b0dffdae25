"""The weights that tasks can have: a point theta_0, and directions from there."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from bioassay_mtl.nn.expansions import expansions
from bioassay_mtl.nn.low_dimensional.layout import Layout
from bioassay_mtl.nn.low_dimensional.settings import LowDimensionalConfig


class Space(nn.Module):
    """``theta_0 + s * Q a``, of which theta_0 and P are made from a seed, and ``W`` is learned.

    Every weight has its unit s, about as large as it is drawn, and ``Q = sqrt(D / l) P W`` has
    entries of about 1 while W has: a coordinate of 1 moves each weight about as far as it may be
    from 0 at the start, whatever D, l and the layer are.

    Parameters
    ----------
    config
        The architecture.
    layout
        Layout of the D weights.
    n_tasks
        T.
    """

    origin: Tensor
    units: Tensor

    def __init__(self, config: LowDimensionalConfig, layout: Layout, n_tasks: int) -> None:
        super().__init__()
        self.config, self.layout = config, layout
        is_kept = config.origin == "model"
        origin = torch.zeros(layout.n_weights) if is_kept else _tensor(layout.origin(config.seed))
        self.register_buffer("origin", origin, persistent=is_kept)
        self._known: tuple[tuple[int, int], Tensor] | None = None
        if config.form == "free":
            self.free = nn.Parameter(origin.expand(n_tasks, -1).clone())
            return
        n_columns = config.shared if config.shares else config.coordinates
        scale = (layout.n_weights / n_columns) ** 0.5
        self.register_buffer("units", _tensor(layout.units()) * scale, persistent=False)
        copies = config.coordinates if config.form == "columns" else 1
        make = expansions[config.expansion]
        self.expansion = make(layout.n_weights, n_columns, config.seed, copies)
        if config.shares:
            self.weight = nn.Parameter(torch.randn(config.coordinates, config.shared))

    @property
    def by_task(self) -> bool:
        """Whether the weights of each task are formed, not the directions that all share."""
        return not self.config.shares

    def moved(self, vectors: Tensor) -> Tensor:
        """``s * sqrt(D / l) P w`` of vectors ``(m, l)``: ``(m, D)``."""
        found: Tensor = self.expansion(vectors) * self.units
        return found

    def points(self, coordinates: Tensor) -> Tensor:
        """``(1 + k, D)``: theta_0 and the k directions; or ``(T, D)``, the weights of each task.

        Parameters
        ----------
        coordinates
            ``(T, k)`` of the tasks.
        """
        if self.config.form == "free":
            return self.free
        if self.by_task:
            return self._once(coordinates, lambda: self.origin + self.moved(coordinates))
        directions = lambda: torch.cat([self.origin[None], self.moved(self.weight)])  # noqa: E731
        return self._once(self.weight, directions)

    def _once(self, source: Tensor, make: Callable[[], Tensor]) -> Tensor:
        """Result of numbers that do not learn, made once."""
        if source.requires_grad or source.is_inference() or torch.compiler.is_compiling():
            self._known = None
            return make()
        key = (source.data_ptr(), source._version)
        if self._known is None or self._known[0] != key or self._known[1].device != source.device:
            self._known = (key, make())
        return self._known[1]

    def task_weights(self, coordinates: Tensor) -> Tensor:
        """``(T, D)``: theta_t of each task, for tests, and to take one as a start."""
        points = self.points(coordinates)
        return points if self.by_task else mixes(coordinates) @ points


def mixes(coordinates: Tensor) -> Tensor:
    """``(T, 1 + k)``: 1 of theta_0, and the coordinates."""
    return torch.cat([torch.ones_like(coordinates[:, :1]), coordinates], dim=1)


def _tensor(array: object) -> Tensor:
    return torch.as_tensor(array)
