"""A quick baseline: a linear model of counted Morgan substructures, fitted in seconds.

A model that does no better on the same rows has learned nothing that needs it. The baseline is the
same for every panel, so that its scores can be compared between models: logistic regression, ridge
or Tobit regression, by the kind of the assay, with the penalty that linear experts have.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.features import Features
from bioassay_mtl.errors import InputError
from bioassay_mtl.models.evaluation import predictions_at
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split
from bioassay_mtl.training.config import DEFAULT_FINGERPRINTS, TrainingConfig
from bioassay_mtl.training.fit import train_session
from bioassay_mtl.training.session import Session

NAME = "a linear model of Morgan counts"
INPUT = "morgan"
MOST_CELLS = 1_000_000
"""Measured cells that it is fitted to at most, in all fits of a report together: some ten seconds.

Tox21 (69,000) takes one."""

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class QuickBaseline:
    """Fits the baseline to some rows of a panel and asks it of others.

    Parameters
    ----------
    panel
        n molecules, with structures.
    workers
        Processes that featurize.
    """

    panel: Panel
    workers: int = 1

    @cached_property
    def config(self) -> TrainingConfig:
        """All its settings."""
        settings: dict[str, Any] = {
            "fingerprints": {INPUT: DEFAULT_FINGERPRINTS[INPUT]},
            "network": {"kind": "linear", "inputs": (INPUT,)},
            "standardize": self.panel.standardize,
        }
        return TrainingConfig.of(settings)

    @cached_property
    def features(self) -> Features:
        """Features of all rows."""
        return panel_features(self.panel, self.config.featurizer(), self.workers)

    def predictions(self, train: Rows, asked: Rows) -> NDArray[np.float32]:
        """``(P,)`` predictions of the measured cells of some rows.

        Parameters
        ----------
        train
            Rows to fit to; those without features are passed over.
        asked
            Rows to predict, all of them with features.

        Raises
        ------
        InputError
            No row to fit to has features.
        """
        none = np.zeros(0, np.int64)
        parts = Split(train[self.features.ok[train]], none, none, len(self.panel))
        session = Session.of(self.panel, self.config, given_features=self.features)
        session = replace(session, remembers=False, is_part=True).within(parts)
        if not len(parts.train):
            raise InputError("no row is left to fit to", hint="check the split and the SMILES")
        model = train_session(session, name="baseline")
        return predictions_at(model, self.features.take(asked), self.panel.cells.take(asked))
