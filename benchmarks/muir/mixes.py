"""The panels of the study: small ones beside large ones, and six together."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.assay_tables import ALL, Table, tables
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.identity import TrainingMolecules
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.panels import Panel
from bioassay_mtl.splits import SUBSETS, SplitConfig, split

SIX = ("pcba", "tox21", "toxcast", "muv", "hiv", "chembl100")
LARGE = 1500
"""Rows that a large panel is trained on."""
MIXES: Mapping[str, Mapping[str, int]] = {
    "tox21 300": {"tox21": 300, "toxcast": LARGE},
    "hiv 300": {"hiv": 300, "pcba": LARGE},
    "six panels": dict.fromkeys(SIX, LARGE),
    "tox21 1000": {"tox21": 1000, "toxcast": LARGE},
    "hiv 1000": {"hiv": 1000, "pcba": LARGE},
}
LAYERED = "tox21 300, hidden towers"
"""The first again, with another network: which layers are made of modules."""
"""Rows to train on of each panel."""
SAMPLE = {"muv": 6000}
"""Molecules drawn of a table, all actives of MUV among them; of the others, :data:`MOST`."""
MOST, VALID = 10_000, 300
"""Of the rows that a panel is given a fifth is for validation, and at most so many."""
ASSAYS = {"toxcast": 100}
"""Those of most actives; of other tables, all."""
FINGERPRINTS = {"morgan": {"kind": "morgan", "n_bits": 1024, "counts": True}}
SPLIT = {"kind": "column", "column": "part", "copies": "leave_out"}


@cache
def parted() -> dict[str, Panel]:
    """Six panels of sampled rows, with features and the part of each row.

    Parts are other scaffolds, 70 / 10 / 20 %. Training and validation rows that are a test molecule
    of another panel, whatever its salts, charges and stereochemistry, are of no part.
    """
    panels = {
        name: sampled(tables[name](ALL), SAMPLE.get(name, MOST), ASSAYS.get(name)) for name in SIX
    }
    whole = SplitConfig(kind="scaffold_balanced", fractions=(0.7, 0.1, 0.2), seed=0)
    parts = {name: parts_of(panel, whole) for name, panel in panels.items()}
    held = {
        name: TrainingMolecules.of(texts_of(panel, parts[name] == "test"))
        for name, panel in panels.items()
    }
    found = {}
    for name, panel in panels.items():
        for other in held.keys() - {name}:
            rows = np.flatnonzero(np.isin(parts[name], ("train", "valid")))
            known = held[other].hold(texts_of(panel, rows))
            parts[name][rows[known]] = ""
        found[name] = panel.changed(columns={"part": parts[name].tolist()})
    return found


@lru_cache(1)
def mixed(mix: str, seed: int) -> dict[str, Panel]:
    """The panels of a mix, each with as many rows to learn from as it is to have."""
    return {
        name: cut(parted()[name], rows, seed) for name, rows in MIXES[mix.partition(",")[0]].items()
    }


def sampled(made: Table, most: int, assays: int | None = None) -> Panel:
    """Some molecules and assays of a table, with their features."""
    order = np.random.default_rng(most).permutation(len(made.smiles))
    if made.is_binary and np.nanmean(made.cells) < 0.005:  # too few actives to leave any
        order = order[np.argsort(~(made.cells[order] == 1).any(axis=1), kind="stable")]
    rows = np.sort(order[:most])
    panel = made.panel(rows, list(range(len(made.tasks))))
    if assays is not None:
        panel = panel.select_tasks([made.tasks[n] for n in np.argsort(-panel.n_actives)[:assays]])
    features = panel_features(panel, Featurizer.from_config({"fingerprints": FINGERPRINTS}))
    return panel.changed(features=dict(features.blocks)).take(features.ok)


def parts_of(panel: Panel, config: SplitConfig) -> NDArray[np.str_]:
    """Name of the part of each row."""
    found = split(panel, config)
    parts = np.full(len(panel), "", dtype="<U5")
    for part in SUBSETS:
        parts[getattr(found, part)] = part
    return parts


def cut(panel: Panel, rows: int, seed: int) -> Panel:
    """Without the rows that are too many to learn from; a row in five, at most, is to validate."""
    parts = np.array(panel.columns["part"])
    for part, most in (("train", rows - min(VALID, rows // 5)), ("valid", min(VALID, rows // 5))):
        order = np.random.default_rng([seed, rows]).permutation(np.flatnonzero(parts == part))
        parts[order[most:]] = ""
    named = panel.changed(columns={"part": parts.tolist()}, structures=None)
    return named.take(np.flatnonzero(parts != ""))


def texts_of(panel: Panel, rows: NDArray[np.int64] | NDArray[np.bool_]) -> list[str]:
    """SMILES of some rows."""
    assert panel.structures is not None
    return [panel.structures[row] for row in np.arange(len(panel))[rows].tolist()]
