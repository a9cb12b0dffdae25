"""The panels: which rows are fitted on, stopped on, and tested on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from benchmarks.mtl_study.datasets import (
    RANDOM,
    SCAFFOLD,
    Rows,
    Source,
    cut,
    sources,
    table_source,
)
from benchmarks.rivals import features
from benchmarks.rivals.evaluation import find_data
from bioassay_mtl.chem.features import Features
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.panels.schema import schema_for
from bioassay_mtl.splits import Split, split
from bioassay_mtl.training.config import DEFAULT_FINGERPRINTS
from bioassay_mtl.training.defaults import settled

N_LARGEST = 100
FEWEST_ROWS = 500
"""Assays of fewer molecules are not read: they are none of the largest."""


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
        """What trees and DeepChem's network read: see :mod:`benchmarks.rivals.features`."""
        return features.counts(self.smiles)

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


PANELS: dict[str, tuple[str, int | None]] = {
    "tox21": ("tox21_scaffold", None),
    "chembl100": ("chembl100", None),
    "hiv": ("hiv_scaffold", 10_000),
    "muv": ("muv_scaffold", 10_000),
    "rules": ("rules", None),
}
"""Source, and the most rows that are fitted on."""


def read(name: str, folder: str | None = None) -> CustomPanel:
    """A panel by its name."""
    source, rows = PANELS[name]
    return compact(name, sources[source](folder), rows)


def compact(name: str, source: Source, rows: int | None) -> CustomPanel:
    """The rows that are used, those to fit on first, then those to stop and to test on."""
    fit = cut(source, rows)
    used = [fit, source.valid, source.test]
    starts = np.cumsum([0, *map(len, used)])
    train, valid, test = (np.arange(a, b) for a, b in pairwise(starts))
    about = source.about
    if len(fit) < len(source.fit):
        kept = ", all actives kept" if source.keep_actives else ""
        about += f"; {len(fit):,} of {len(source.fit):,} rows fitted on{kept}"
    panel = source.panel.take(np.concatenate(used))
    return CustomPanel(name, panel, Split(train, valid, test, len(panel)), about)


@sources.register("hiv_scaffold")
def _hiv(given: str | None) -> Source:
    """The column of two outcomes alone: that of three classes says the same in other words."""
    return table_source("HIV.csv.gz", SCAFFOLD, {}, given, tasks=["HIV_active"])


@sources.register("chembl100")
def _chembl(given: str | None) -> Source:
    """The assays of most molecules of the long table."""
    path: Path = find_data(given) / "chembl_censored_long.csv.gz"
    panel = Panel.read(path, schema=schema_for(path).changed(min_rows=FEWEST_ROWS))
    sizes = panel.mask.sum(axis=0)
    largest = np.sort(np.argsort(-sizes, kind="stable")[:N_LARGEST])
    panel = panel.select_tasks([panel.tasks[place] for place in largest])
    panel = panel.take(np.flatnonzero(panel.mask.any(axis=1)))
    return values_source(panel, f"the {len(largest)} assays of most molecules")


def values_source(panel: Panel, what: str) -> Source:
    """A panel of values, split so that each range of them is in each part."""
    prints: dict[str, Any] = {"fingerprints": {"morgan": DEFAULT_FINGERPRINTS["morgan"]}}
    panel = panel.take(panel_features(panel, Featurizer.from_config(prints)).ok)
    how = RANDOM.model_copy(update={"kind": "stratified"})
    parts = split(panel, how)
    shares = " / ".join(f"{100 * share:.0f}" for share in how.fractions)
    share = share_of_bounds(panel)
    about = f"{what}, {share:.0%} of the values bounds; random split of molecules {shares} %, "
    about += "stratified by value"
    return Source(panel, parts.train, parts.valid, parts.test, about, {}, {})


def share_of_bounds(panel: Panel) -> float:
    """Of the measured values."""
    bounds: NDArray[np.int8] | None = panel.bounds
    return 0.0 if bounds is None else float((bounds[panel.mask] != 0).mean())
