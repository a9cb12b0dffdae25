"""The search for which module each location uses: (1 + lambda) evolution between gradient steps."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.reparameterized.hypermodules import Hypermodules
from bioassay_mtl.nn.reparameterized.settings import ModuleConfig

GENERATIONS = 20
"""Number of generations where their steps are not given."""
Forget = Callable[[str, Tensor], object]
"""Callback with the name of a parameter, and which of its rows begin anew."""


class AlignmentSearch:
    """Begins and ends generations; what it draws depends on the seed and the generation alone.

    So a search that goes on from a state that was kept ends as one that was never interrupted.

    Parameters
    ----------
    modules
        Modules that are searched.
    config
        Settings of the search.
    seed
        Seed of all draws.
    forget
        Callback with what an optimizer must forget.

    Attributes
    ----------
    history
        Records of the generations that have ended: how many locations were searched and changed,
        and how many modules are used.
    """

    def __init__(
        self,
        modules: Hypermodules,
        config: ModuleConfig,
        seed: int,
        forget: Forget = lambda name, rows: None,
    ) -> None:
        self.modules, self.config, self.seed, self._forget = modules, config, seed, forget
        self.history: list[dict[str, Any]] = []

    @property
    def is_open(self) -> bool:
        """Whether challengers have a part now."""
        return bool(self.modules.searched.any())

    def step(self, number: int, n_steps: int) -> None:
        """Work before a step of a run: a generation ends, begins, or goes on.

        Parameters
        ----------
        number, n_steps
            Number of the coming step, from 0, and of all steps.
        """
        first, last, each = self.span(n_steps)
        if number < first or number > last or (number - first) % each:
            return
        if self.is_open:
            self.end()
        if number < last:
            self.begin()

    def span(self, n_steps: int) -> tuple[int, int, int]:
        """First step of the search, first step after it, and steps of a generation.

        Raises
        ------
        ConfigError
            There is no time for a generation.
        """
        config = self.config
        first, end = math.ceil(config.burn_in * n_steps), int(config.search_until * n_steps)
        each = config.steps or max(1, (end - first) // GENERATIONS)
        if each > end - first and config.challengers and config.share:
            raise ConfigError(
                f"sharing: a generation of {each} steps does not fit between burn_in and "
                f"search_until, steps {first} to {end} of {n_steps}: set steps to at most "
                f"{end - first}, train for longer, or set challengers to 0"
            )
        return first, first + max(0, end - first) // each * each, each

    def begin(self) -> None:
        """Choose locations, and challengers for each; soft weights begin anew."""
        config, modules = self.config, self.modules
        n = len(modules.candidates)
        n_searched = math.ceil(config.share * n)
        if not (config.challengers and n_searched and n > 1):
            return
        draws = np.random.default_rng([self.seed, int(modules.generation)])
        locations = np.sort(draws.choice(n, n_searched, replace=False))
        others = draws.integers(0, n - 1, (n_searched, config.challengers))
        others += others >= locations[:, None]  # of another location than its own
        challengers = modules.alignment.cpu().numpy()[others]
        self._renew(challengers, draws)
        rows = torch.from_numpy(locations).to(modules.candidates.device)
        modules.begin(
            rows, torch.from_numpy(challengers).to(rows.device), self.config.challenger_weight
        )
        self._forget("soft", rows)

    def _renew(self, challengers: np.ndarray[Any, Any], draws: np.random.Generator) -> None:
        """Put modules that no location uses in place of some challengers, drawn anew."""
        modules = self.modules
        wanted = draws.random(challengers.shape) < self.config.fresh
        used = modules.alignment.cpu().numpy()
        free = np.setdiff1d(np.arange(modules.n_modules), used)[: int(wanted.sum())]
        places = np.argwhere(wanted)[: len(free)]
        challengers[tuple(places.T)] = free
        if len(free):
            rows = torch.from_numpy(free).to(modules.pool.device)
            scale = modules.pool.shape[1] ** -0.5 * self._scale()
            drawn = draws.normal(0, scale, (len(free), *modules.pool.shape[1:]))
            with torch.no_grad():
                modules.pool[rows] = torch.from_numpy(drawn).to(modules.pool)
            self._forget("pool", rows)

    def _scale(self) -> float:
        """Scale of a module drawn anew; without contexts it is as large as those that are used."""
        if self.config.contexts:
            return 1.0
        used = self.modules.pool[self.modules.alignment]
        return float(used.detach().std())

    def end(self) -> None:
        """Let each searched location keep what weighs most."""
        changed = self.modules.settle()
        alignment = self.modules.alignment
        self.history.append(
            {
                "generation": int(self.modules.generation),
                "searched": len(changed),
                "changed": int(changed.sum()),
                "modules": len(alignment.unique()),
            }
        )
