"""The panels of the study: small ones beside large ones, and six together."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from benchmarks.harness.assay_tables import ALL, Table, tables
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.identity import TrainingMolecules
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.panels import Panel
from bioassay_mtl.splits import SUBSETS, SplitConfig, split

CASES: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("cases.yaml").read_text())
MIXES: dict[str, dict[str, int]] = CASES["mixes"]
SIX = tuple(MIXES["six panels"])
SAMPLE = {"muv": 6000}
"""Molecules drawn of a table, all actives of MUV among them; of the others, :data:`MOST`."""
MOST, VALID = 10_000, 300
"""Of the rows that a panel is given a fifth is for validation, and at most so many."""
ASSAYS = {"toxcast": 100}
"""Those of most actives; of other tables, all."""


@cache
def parted() -> dict[str, Panel]:
    """Six panels of sampled rows, with features and the part of each row.

    Parts are other scaffolds, 70 / 10 / 20 %. Training and validation rows that are a test molecule
    of another panel, whatever its salts, charges and stereochemistry, are of no part.
    """
    whole = SplitConfig(kind="scaffold_balanced", fractions=(0.7, 0.1, 0.2), seed=0)
    panels, parts, held = {}, {}, {}
    for name in SIX:
        panel = sampled(tables[name](ALL), SAMPLE.get(name, MOST), ASSAYS.get(name))
        found = split(panel, whole)
        parts[name] = np.full(len(panel), "", dtype="<U5")
        for part in SUBSETS:
            parts[name][getattr(found, part)] = part
        held[name] = TrainingMolecules.of(texts_of(panel, parts[name] == "test"))
        panels[name] = panel
    for name, panel in panels.items():
        for other in held.keys() - {name}:
            rows = np.flatnonzero(np.isin(parts[name], ("train", "valid")))
            parts[name][rows[held[other].hold(texts_of(panel, rows))]] = ""
    return {n: p.changed(columns={"part": parts[n].tolist()}) for n, p in panels.items()}


@lru_cache(1)
def mixed(mix: str, seed: int) -> dict[str, Panel]:
    """The panels of a mix, each with as many rows to learn from as it is to have."""
    rows_of = MIXES[mix.partition(",")[0]]
    return {name: cut(parted()[name], rows, seed) for name, rows in rows_of.items()}


def sampled(made: Table, most: int, assays: int | None = None) -> Panel:
    """Some molecules and assays of a table, with their features."""
    order = np.random.default_rng(most).permutation(len(made.smiles))
    if made.is_binary and np.nanmean(made.cells) < 0.005:  # too few actives to leave any
        order = order[np.argsort(~(made.cells[order] == 1).any(axis=1), kind="stable")]
    panel = made.panel(np.sort(order[:most]), list(range(len(made.tasks))))
    if assays is not None:
        panel = panel.select_tasks([made.tasks[n] for n in np.argsort(-panel.n_actives)[:assays]])
    prints = {"fingerprints": CASES["settings"]["fingerprints"]}
    features = panel_features(panel, Featurizer.from_config(prints))
    return panel.changed(features=dict(features.blocks)).take(features.ok)


def cut(panel: Panel, rows: int, seed: int) -> Panel:
    """Without the rows that are too many to learn from; a row in five, at most, is to validate."""
    parts, valid = np.array(panel.columns["part"]), min(VALID, rows // 5)
    for part, most in (("train", rows - valid), ("valid", valid)):
        order = np.random.default_rng([seed, rows]).permutation(np.flatnonzero(parts == part))
        parts[order[most:]] = ""
    named = panel.changed(columns={"part": parts.tolist()}, structures=None)
    return named.take(np.flatnonzero(parts != ""))


def texts_of(panel: Panel, rows: NDArray[np.int64] | NDArray[np.bool_]) -> list[str]:
    assert panel.structures is not None
    return [panel.structures[row] for row in np.arange(len(panel))[rows].tolist()]
