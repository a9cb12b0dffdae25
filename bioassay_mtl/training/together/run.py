"""The loop of panels that are trained together: rounds of steps, which their batches alternate."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

import torch

from bioassay_mtl.errors import TrainingError
from bioassay_mtl.nn.draws import Draws
from bioassay_mtl.nn.rows import RowIndices
from bioassay_mtl.training.callbacks import Progress
from bioassay_mtl.training.checkpoint import Best
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.loop import Run, module_of, network_of
from bioassay_mtl.training.module import TrainingModule
from bioassay_mtl.training.place import Place
from bioassay_mtl.training.steps import Steps
from bioassay_mtl.training.together.alternation import order_of_a_round, steps_of_a_round
from bioassay_mtl.training.together.balance import PanelBalance
from bioassay_mtl.training.together.settings import TogetherConfig


class Panels:
    """All that learns of some panels.

    Parameters
    ----------
    runs
        Runs by panel.
    config
        Settings of the training together.
    place
        Device to train on, and the other ranks of the run.
    settled
        Settings of each panel as they were before those of what is shared.

    Attributes
    ----------
    modules, best
        Modules and best weights by panel.
    shares
        Sharing among the networks.
    balance
        Factors of the panels' losses.
    steps_of
        Steps of each panel in a round.
    """

    def __init__(
        self,
        runs: Mapping[str, Run],
        config: TogetherConfig,
        place: Place,
        settled: Mapping[str, TrainingConfig],
    ) -> None:
        networks = {}
        for name, run in runs.items():
            with Draws(run.config.seed).used():
                networks[name] = network_of(run, place.device)
        self.shares = config.sharing.joined(networks, settled, config.seed)
        self.modules: dict[str, TrainingModule] = {}
        for name, run in runs.items():
            with Draws(run.config.seed).used():
                self.modules[name] = module_of(
                    run, networks[name], place.device, self.shares.made(name)
                )
        self._batches = {name: module.n_steps for name, module in self.modules.items()}
        self.steps_of = steps_of_a_round(self._batches, config.alternation)
        moments: Any = defaultdict(dict)
        for name, module in self.modules.items():
            module.n_steps = self.steps_of[name]
            module.optimizer.state = moments  # weights that several have as one have one state
        self.balance = PanelBalance(config.balance, config.panel_weights, [*runs], place.device)
        for name, module in self.modules.items():
            module.weigh = self.balance.of(name)
        self.best = {name: Best.of(module) for name, module in self.modules.items()}
        self._steps = {name: Steps(module, place) for name, module in self.modules.items()}
        self._order = order_of_a_round(self.steps_of)
        self._passes = {name: lru_cache(1)(module.batches) for name, module in self.modules.items()}
        # At once, before anything is trained: is there time for what is shared?
        self.shares.step(0, self.n_steps)

    @property
    def epoch(self) -> int:
        """Rounds that have ended."""
        return max(module.epoch for module in self.modules.values())

    @cached_property
    def n_steps(self) -> int:
        """Number of steps of the whole run, if nothing ends it early."""
        rounds = max(module.settings.epochs for module in self.modules.values())
        return rounds * len(self._order)

    def ends(self, panels: Any = None) -> bool:
        """Whether the run is over: every panel has had enough, or has not been better for long."""
        return all(self.has_ended(name) for name in self.modules)

    def has_ended(self, name: str) -> bool:
        """Whether a panel has."""
        return self.best[name].ends(self.modules[name])

    def rows(self, name: str, number: int) -> RowIndices:
        """Rows of a step of a panel in this round: pass after pass over its training rows."""
        module = self.modules[name]
        done = module.epoch * self.steps_of[name] + number
        which, step = divmod(done, self._batches[name])
        return self._passes[name](which)[step]

    def round(self, active: Sequence[str]) -> dict[str, dict[str, float]]:
        """Take the steps of a round; records of the panels that take part.

        Raises
        ------
        TrainingError
            The loss or the weights of a panel are not finite.
        """
        start = self.epoch * len(self._order)
        self.balance.start_round(self.epoch)
        for name in active:
            self._steps[name].begin()
        for number, (name, step) in enumerate(self._order):
            if name in active:
                if start + number:
                    self.shares.step(start + number, self.n_steps)
                self._steps[name].take(step, self.rows(name, step))
        return {name: self._ended(name) for name in active}

    def _ended(self, name: str) -> dict[str, float]:
        try:
            made = self.modules[name].made
            if made is not None:  # others have moved what it is made of
                made.write()
            record = self._steps[name].end()
        except TrainingError as error:
            raise TrainingError(f"panel {name!r}: {error}") from None
        self.best[name].judge(self.modules[name])
        return record


def train_rounds(
    panels: Panels,
    keep: Any,
    *,
    rests: bool,
    told: Mapping[str, Sequence[Progress]],
) -> None:
    """Take round after round, until all panels have had enough; they have their best weights then.

    Parameters
    ----------
    panels
        Panels that learn.
    keep
        Callback after each round.
    rests
        Whether a panel that has had enough takes no more steps: where nothing is shared, none of
        them could change its best weights.
    told
        Callbacks by panel, for each of its records.
    """
    while not panels.ends():
        names = [*panels.modules]
        active = [name for name in names if not (rests and panels.has_ended(name))]
        records = panels.round(active)
        keep()
        for name, record in records.items():
            for tell in told.get(name, ()):
                tell(record)
    for name, module in panels.modules.items():
        own = [weight.detach().clone() for weight in panels.best[name].weights]
        free_of_others(module)
        with torch.no_grad():
            torch._foreach_copy_(list(module.network.parameters()), own)


def free_of_others(module: TrainingModule) -> None:
    """Give a network weights of its own, where it has some as one with others."""
    for part in module.network.modules():
        for name, weight in part._parameters.items():
            if weight is not None:
                part._parameters[name] = torch.nn.Parameter(weight.detach().clone())
