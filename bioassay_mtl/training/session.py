"""Session of a run on a panel: settings, features and split, each settled once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.features import Features
from bioassay_mtl.errors import InputError
from bioassay_mtl.models.about import About, known_assays
from bioassay_mtl.models.assay_sheet import Described
from bioassay_mtl.models.limits_file import NAME as LIMITS
from bioassay_mtl.models.limits_file import said_limits
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split, split
from bioassay_mtl.tasks.limits import Limits
from bioassay_mtl.tasks.target_scaling import TargetScaler
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.defaults import settled
from bioassay_mtl.training.identity import run_identity
from bioassay_mtl.training.usable import usable_parts
from bioassay_mtl.training.warm_start import WarmStart, start_of

if TYPE_CHECKING:
    from bioassay_mtl.models.model import Model


@dataclass(frozen=True, eq=False)
class Session:
    """A panel with all that is settled about learning from it.

    Parameters
    ----------
    panel
        Molecules x assays.
    config
        All settings: nothing is left to choose.
    chosen
        Choices for the panel, in a line for people; empty for none.
    given_parts, given_features
        Split and features that the caller made; None to make them here.
    weights
        ``(n, T)`` of the cells, or None.
    start
        A model from whose weights the run goes on, or None.
    workers
        Processes that featurize.
    target_scaler
        Scaler of values; None for that of the training rows.
    remembers
        Whether the model is to know its training molecules and its scores: a part of a model need
        not.
    is_part
        Whether the model is to be joined with others: then it needs no calibration of its own.
    about
        Facts of the assays, for the model's sheet.
    """

    panel: Panel
    config: TrainingConfig
    chosen: str = ""
    given_parts: Split | None = None
    given_features: Features | None = None
    weights: NDArray[np.float32] | None = None
    start: Model | None = None
    workers: int = 1
    target_scaler: TargetScaler | None = None
    remembers: bool = True
    is_part: bool = False
    about: Mapping[str, Described] = field(default_factory=dict)

    @staticmethod
    def of(
        panel: Panel,
        config: TrainingConfig | Mapping[str, Any] | None,
        *,
        start: Model | None = None,
        weights: NDArray[np.float32] | None = None,
        stops: bool = False,
        stacks: bool = False,
        about: About | None = None,
        **given: Any,
    ) -> Session:
        """Settle the settings (:func:`~bioassay_mtl.training.defaults.settled`)."""
        whole, chosen = settled(config, panel, start=start, stops=stops, stacks=stacks)
        weights = None if weights is None else _checked_weights(weights, panel)
        given["about"] = known_assays(about, panel.tasks, panel.tasks_of_values)
        session = Session(panel, whole, chosen, weights=weights, start=start, **given)
        _ = session.limits  # what contradicts them is said before anything is learned
        return session

    @cached_property
    def features(self) -> Features:
        """Features of all rows."""
        if self.given_features is not None:
            return self.given_features
        return panel_features(self.panel, self.config.featurizer(), self.workers)

    @cached_property
    def parts(self) -> Split:
        """Rows to train, stop and report on, of those that can be used."""
        parts = self.given_parts or split(self.panel, self.config.split)
        return usable_parts(parts, self.features, self.panel)

    @cached_property
    def limits(self) -> Limits | None:
        """Limits of values, by all that was measured.

        Raises
        ------
        InputError
            Something was measured beyond a limit that the user gives.
        """
        panel = self.panel
        return Limits.of(panel.tasks, panel.kinds, panel.cells, said_limits(self.about))

    @property
    def cell_weights(self) -> NDArray[np.float32] | None:
        """Weights of the measured cells, in their order."""
        cells = self.panel.cells
        return None if self.weights is None else self.weights[cells.row, cells.task]

    @cached_property
    def begin(self) -> WarmStart | None:
        """Weights that the run begins with, if any are given."""
        return start_of(self.config, self.panel, self.start)

    @cached_property
    def identity(self) -> str:
        """Hash of all that decides the result."""
        return run_identity(self.panel, self.config, self.parts, self.begin, self.weights)

    def with_settings(self, config: TrainingConfig) -> Session:
        """The same panel, features and parts with other settings, which are whole too."""
        found = replace(self, config=config)
        vars(found).update(features=self.features, parts=self.parts)
        return found

    def on(self, parts: Split) -> Session:
        """The same settings and features for other rows."""
        return replace(self, given_parts=parts, given_features=self.features)

    def within(self, parts: Split) -> Session:
        """The same for some of the rows that can be used, of which nothing more is to be said."""
        found = self.on(parts)
        vars(found)["parts"] = parts
        return found

    def as_part(self) -> Session:
        """The same for a model that is to be joined with others."""
        found = replace(self, is_part=True)
        vars(found).update(features=self.features, parts=self.parts)
        return found

    def seeded(self, offset: int) -> Session:
        """The same with another seed."""
        seed = self.config.seed + offset
        return self.with_settings(self.config.model_copy(update={"seed": seed}))

    @property
    def beside(self) -> dict[str, Limits]:
        """Companions of a model whatever it learned."""
        return {} if self.limits is None else {LIMITS: self.limits}

    @property
    def record(self) -> dict[str, str]:
        """Record that a model keeps of it."""
        return {"chosen": self.chosen} if self.chosen else {}


def _checked_weights(weights: NDArray[Any], panel: Panel) -> NDArray[np.float32]:
    """Weights of cells that networks compute with, whatever they are given as."""
    if weights.shape != panel.cells.shape:
        raise InputError(f"weights must be {panel.cells.shape}, found {weights.shape}")
    with np.errstate(over="ignore"):
        weights = weights.astype(np.float32)
    used = weights[panel.cells.row, panel.cells.task]
    if not ((used > 0) & (used < np.inf)).all():
        raise InputError(
            "the weight of a measured cell must be above 0, and finite: or leave the cell empty"
        )
    return weights
