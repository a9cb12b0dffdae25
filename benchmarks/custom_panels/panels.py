"""The panels: which rows are fitted on, stopped on, and tested on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from benchmarks.harness import inputs
from benchmarks.harness.datasets import Rows, Source, sources
from bioassay_mtl.chem.features import Features
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split
from bioassay_mtl.training.defaults import settled

PANELS: dict[str, tuple[str, int | None]] = {
    "tox21": ("tox21_scaffold", None),
    "chembl100": ("chembl100", None),
    "hiv": ("hiv_scaffold", 10_000),
    "muv": ("muv_scaffold", 10_000),
    "rules": ("rules", None),
}
"""Source of a whole panel, and the most rows that are fitted on."""


@dataclass(frozen=True)
class CustomPanel:
    """A panel that holds the rows of its three parts and no others.

    Attributes
    ----------
    name : str
    panel : Panel
    parts : Split
    about : str
        What the rows are, for the report.
    """

    name: str
    panel: Panel
    parts: Split
    about: str

    @classmethod
    def of(cls, name: str, source: Source, rows: int | None) -> CustomPanel:
        """The rows that are used, those to fit on first, then those to stop and to test on."""
        few = source.compact(rows)
        parts = Split(few.fit, few.valid, few.test, len(few.panel))
        return cls(name, few.panel, parts, few.about)

    @property
    def is_binary(self) -> bool:
        """Whether all assays are; else values, some of them bounds."""
        return all(kind.has_actives for kind in self.panel.kinds)

    @property
    def smiles(self) -> tuple[str, ...]:
        """Of all rows."""
        return tuple(self.panel.structures or ())

    @cached_property
    def counts(self) -> sparse.csr_matrix:
        """What trees and DeepChem's network read: see :mod:`benchmarks.harness.inputs`."""
        return inputs.counts(self.smiles)

    @cached_property
    def features(self) -> Features:
        """What this package reads where no option is given."""
        chosen, _ = settled(None, self.panel)
        settings = {"fingerprints": chosen.fingerprints, "max_atoms": chosen.max_atoms}
        return panel_features(self.panel, Featurizer.from_config(settings))

    @property
    def known(self) -> Rows:
        """Rows to fit on and to stop on: all that a model without stopping may learn from."""
        return np.concatenate([self.parts.train, self.parts.valid])


def read(name: str, folder: str | None = None) -> CustomPanel:
    """A whole panel by its name."""
    source, rows = PANELS[name]
    return CustomPanel.of(name, sources[source](folder), rows)
