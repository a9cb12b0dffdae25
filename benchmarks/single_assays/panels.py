"""Panels of one assay: rows that a user brings, and rows held out, drawn from training rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rdkit.Chem.Scaffolds.MurckoScaffold import MurckoScaffoldSmiles

from benchmarks.harness.assay_tables import POOL, Table, tables
from benchmarks.harness.datasets import Rows
from bioassay_mtl.chem.features import Features
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.panels import Panel
from bioassay_mtl.training.config import DEFAULT_FINGERPRINTS

INPUTS = {**DEFAULT_FINGERPRINTS, "descriptors": {"kind": "rdkit_descriptors"}}
MOST_HELD = {"tox21": 1_500, "hiv": 1_500}
HELD = 450
"""Molecules that are held out, of other tables than these."""
FEWEST_ACTIVES = 6
"""Among the rows held out; and among those that a user brings."""
LEAST_SHARE = 0.03
"""Of actives: where they are rarer, inactives are left away."""
N_ASSAYS = {
    "tox21": 12,
    "toxcast": 8,
    "muv": 3,
    "pcba": 8,
    "hiv": 1,
    "chembl_outcomes": 8,
    "chembl": 8,
}
SIZES = {
    "tox21": (300, 500, 1000, 1500, 2500),
    "toxcast": (300, 700, 1500),
    "muv": (300, 450),
    "pcba": (300, 500, 1000, 1500),
    "hiv": (300, 700, 1500, 3000, 5000),
    "chembl_outcomes": (300, 500, 800),
    "chembl": (300, 500, 800),
}


@dataclass(frozen=True)
class Single:
    """A panel of one assay as a user brings it, and the molecules that judge its models."""

    name: str
    panel: Panel
    features: Features
    held: Panel
    held_features: Features

    @property
    def is_binary(self) -> bool:
        """Whether the assay has outcomes; else it has values."""
        return self.panel.kinds[0].has_actives


def singles(names: list[str], most: int) -> Iterator[Single]:
    """All panels of some tables that have at most so many rows: two of three by scaffold."""
    for name in names:
        table = tables[name](POOL)
        draws = []
        for number, (task, n) in enumerate(_wanted(name, table)):
            split = "random" if number % 3 == 2 else "scaffold"
            fit, held = _draw(name, table, task, n, split, number)
            if _judges(table, task, fit) and _judges(table, task, held):
                draws.append((f"{name}/{task}/{len(fit)}/{split}", task, fit, held))
        rows = np.unique(np.concatenate([[*fit, *held] for *_, fit, held in draws]))
        features = features_of(table.smiles[rows])
        for drawn, task, *parts in draws:
            if len(parts[0]) <= most:
                both = [_part(table, task, rows, features, part) for part in parts]
                yield Single(drawn, *both[0], *both[1])


def features_of(smiles: NDArray[np.str_]) -> Features:
    """All that some model of the study reads."""
    panel = Panel.from_arrays(smiles.tolist(), np.zeros(len(smiles), int), ["any"])
    return panel_features(panel, Featurizer.from_config({"fingerprints": INPUTS}))


def _part(
    table: Table, task: str, rows: Rows, features: Features, part: Rows
) -> tuple[Panel, Features]:
    features = features.take(np.searchsorted(rows, part))
    part, features = part[features.ok], features.take(np.flatnonzero(features.ok))
    return table.panel(part, [table.tasks.index(task)]), features


def _wanted(name: str, table: Table) -> Iterator[tuple[str, int]]:
    """Assays and sizes: assays evenly from those of few to those of many actives or molecules."""
    sizes = SIZES[name]
    if name == "hiv":
        yield from ((table.tasks[0], n) for n in sizes)
        return
    for number, task in enumerate(table.evenly(N_ASSAYS[name], 1.6 * min(sizes))):
        measured = (~np.isnan(table.cells[:, table.tasks.index(task)])).sum()
        fitting = [n for n in sizes if n <= 0.65 * measured]
        yield task, fitting[number % len(fitting)]


def _draw(name: str, table: Table, task: str, n: int, split: str, number: int) -> tuple[Rows, Rows]:
    """Rows that a user brings, and rows held out."""
    column = table.cells[:, table.tasks.index(task)]
    order = np.random.default_rng(0 if name != "hiv" else number).permutation(len(column))
    order = order[~np.isnan(column[order])]
    if table.is_binary:
        order = enriched(order, column)
    order = order[: n + MOST_HELD.get(name, HELD)]
    share = 1 - n / len(order)
    groups = groups_of(table.smiles[order], split)
    is_held = np.zeros(len(order), bool)
    for group in np.random.default_rng(number).permutation(groups.max() + 1):
        if is_held.mean() >= share:
            break
        if (members := groups == group).mean() < share / 2:
            is_held |= members
    return np.sort(order[~is_held][:n]), np.sort(order[is_held])


def _judges(table: Table, task: str, rows: Rows) -> bool:
    """Whether there are enough of both outcomes."""
    found = table.cells[rows, table.tasks.index(task)]
    return (
        not table.is_binary or np.bincount(found.astype(int), minlength=2).min() >= FEWEST_ACTIVES
    )


def enriched(order: Rows, column: NDArray[np.float64]) -> Rows:
    """Without as many inactives as it takes for :data:`LEAST_SHARE` of actives."""
    active = column[order] == 1
    if active.mean() >= LEAST_SHARE:
        return order
    most = round(active.sum() / LEAST_SHARE)
    kept: Rows = order[active | (np.cumsum(~active) <= most)]
    return kept


def groups_of(smiles: NDArray[np.str_], split: str) -> Rows:
    if split == "random":
        return np.arange(len(smiles))
    scaffolds = [MurckoScaffoldSmiles(text) or text for text in smiles]
    numbers: Rows = np.unique(scaffolds, return_inverse=True)[1]
    return numbers
