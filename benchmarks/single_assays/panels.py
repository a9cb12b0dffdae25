"""Panels of one assay: rows that a user brings, and rows held out, drawn from training rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from rdkit.Chem.Scaffolds.MurckoScaffold import MurckoScaffoldSmiles

from benchmarks.harness.assay_tables import POOL, Table, tables
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
class Draw:
    """One assay of a table, and which rows of it a user brings, and which are held out."""

    table: str
    task: str
    split: str
    n: int
    fit: NDArray[np.int64]
    held: NDArray[np.int64]

    @property
    def name(self) -> str:
        """In the results."""
        return f"{self.table}/{self.task}/{self.n}/{self.split}"


@dataclass(frozen=True)
class Drawn:
    """The draws of a table, with features of their molecules."""

    name: str
    table: Table
    draws: tuple[Draw, ...]

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """Rows of the table that are in some draw."""
        return np.unique(np.concatenate([[*d.fit, *d.held] for d in self.draws])).astype(np.int64)

    @cached_property
    def features(self) -> Features:
        """Of :attr:`rows`."""
        smiles = self.table.smiles[self.rows].tolist()
        panel = Panel.from_arrays(smiles, np.zeros(len(smiles), int), ["any"])
        return panel_features(panel, Featurizer.from_config({"fingerprints": INPUTS}))


@dataclass(frozen=True)
class Single:
    """A panel of one assay as a user brings it, and what judges its models."""

    draw: Draw
    panel: Panel
    features: Features
    held: Panel
    held_features: Features

    @property
    def is_binary(self) -> bool:
        """Whether the assay has outcomes; else it has values."""
        return self.panel.kinds[0].has_actives


def singles(names: list[str], most: int | None = None) -> Iterator[Single]:
    """All panels of some tables, or those of at most so many rows."""
    for name in names:
        drawn = drawn_from(name)
        for draw in (each for each in drawn.draws if most is None or each.n <= most):
            yield Single(draw, *_part(drawn, draw, draw.fit), *_part(drawn, draw, draw.held))


def _part(drawn: Drawn, draw: Draw, rows: NDArray[np.int64]) -> tuple[Panel, Features]:
    features = drawn.features.take(np.searchsorted(drawn.rows, rows))
    rows, features = rows[features.ok], features.take(np.flatnonzero(features.ok))
    return drawn.table.panel(rows, [drawn.table.tasks.index(draw.task)]), features


def drawn_from(name: str) -> Drawn:
    """The draws of a table: by scaffold twice as often as at random."""
    table = tables[name](POOL)
    found = []
    for number, (task, n) in enumerate(_wanted(name, table)):
        split = "random" if number % 3 == 2 else "scaffold"
        if draw := _draw(name, table, task, n, split, number):
            found.append(draw)
    return Drawn(name, table, tuple(found))


def _wanted(name: str, table: Table) -> Iterator[tuple[str, int]]:
    """Assays and sizes: assays evenly from those of few to those of many actives or molecules."""
    sizes = SIZES[name]
    if name == "hiv":
        yield from ((table.tasks[0], n) for n in sizes)
        return
    measured = (~np.isnan(table.cells)).sum(axis=0)
    ranked = measured if not table.is_binary else np.nansum(table.cells, axis=0)
    fewest = 18 if table.is_binary else 0
    rarer = np.minimum(ranked, measured - ranked) if table.is_binary else ranked
    fit = np.flatnonzero((rarer >= fewest) & (measured >= 1.6 * min(sizes)))
    order = fit[np.argsort(rarer[fit], kind="stable")]
    chosen = order[
        np.linspace(0, len(order) - 1, min(N_ASSAYS[name], len(order))).round().astype(int)
    ]
    for number, task in enumerate(chosen):
        fitting = [n for n in sizes if n <= 0.65 * measured[task]]
        yield table.tasks[task], fitting[number % len(fitting)]


def _draw(name: str, table: Table, task: str, n: int, split: str, number: int) -> Draw | None:
    column = table.cells[:, table.tasks.index(task)]
    rng = np.random.default_rng(0 if name != "hiv" else number)
    order = rng.permutation(len(column))
    order = order[~np.isnan(column[order])]
    if table.is_binary:
        order = enriched(order, column)
    order = order[: n + MOST_HELD.get(name, HELD)]
    share = 1 - n / len(order)
    groups = groups_of(table.smiles[order], split)
    dealt = np.random.default_rng(number).permutation(groups.max() + 1)
    is_held = np.zeros(len(order), bool)
    for group in dealt:
        if is_held.mean() >= share:
            break
        if (members := groups == group).mean() < share / 2:
            is_held |= members
    fit, held = order[~is_held][:n], order[is_held]
    if table.is_binary and (
        min(np.bincount(column[held].astype(int), minlength=2)) < FEWEST_ACTIVES
        or min(np.bincount(column[fit].astype(int), minlength=2)) < FEWEST_ACTIVES
    ):
        return None
    return Draw(name, task, split, len(fit), np.sort(fit), np.sort(held))


def enriched(order: NDArray[np.int64], column: NDArray[np.float64]) -> NDArray[np.int64]:
    """Without as many inactives as it takes for :data:`LEAST_SHARE` of actives."""
    active = column[order] == 1
    if active.mean() >= LEAST_SHARE:
        return order
    most = round(active.sum() / LEAST_SHARE)
    kept: NDArray[np.int64] = order[active | (np.cumsum(~active) <= most)]
    return kept


def groups_of(smiles: NDArray[np.str_], split: str) -> NDArray[np.int64]:
    if split == "random":
        return np.arange(len(smiles))
    scaffolds = [MurckoScaffoldSmiles(text) or text for text in smiles]
    numbers: NDArray[np.int64] = np.unique(scaffolds, return_inverse=True)[1]
    return numbers
