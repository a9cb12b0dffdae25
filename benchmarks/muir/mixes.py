"""The panels of the study: six real ones together, and small ones beside large ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from benchmarks.single_assays.tables import ALL, Table, tables
from bioassay_mtl.panels import Panel

LARGE = ("pcba", "tox21", "toxcast", "muv", "hiv", "chembl100")
MIXES: Mapping[str, Mapping[str, int | None]] = {
    "six panels": dict.fromkeys(LARGE),
    "tox21 300 beside": {"tox21": 300, "pcba": None, "toxcast": None},
    "tox21 1000 beside": {"tox21": 1000, "pcba": None, "toxcast": None},
    "hiv 300 beside": {"hiv": 300, "pcba": None, "muv": None},
    "hiv 1000 beside": {"hiv": 1000, "pcba": None, "muv": None},
}
"""Rows to learn from of each panel; None for the training part of all."""
HELD = 0.2
"""Share of a panel that is held out, by scaffold."""


@dataclass(frozen=True)
class Drawn:
    """A panel of a mix.

    Parameters
    ----------
    panel
        Its rows.
    split
        Settings of the split: by a column, so that all cases have the same parts.
    """

    panel: Panel
    split: dict[str, str]


def drawn(name: str, rows: int | None, seed: int, most: int | None = None) -> Drawn:
    """A panel with its parts.

    Parameters
    ----------
    name
        Of the table.
    rows
        To train on; None for all of the training part.
    seed
        Of the split and of what is drawn.
    most
        Of all rows: for a quick look.
    """
    table = tables[name](ALL)
    draws = np.random.default_rng([seed, len(table.tasks)])
    chosen = draws.permutation(len(table.smiles))[:most]
    panel = _panel(table, chosen)
    parts = _parts(panel, rows, seed, draws)
    panel = Panel(
        panel.structures,
        None,
        panel.cells,
        panel.tasks,
        panel.ids,
        {"part": parts.tolist()},
        panel.kinds,
    )
    return Drawn(panel, {"kind": "column", "column": "part", "copies": "leave_out"})


def _panel(table: Table, rows: np.ndarray) -> Panel:
    cells = table.cells[rows]
    kind = "binary" if table.is_binary else "regression"
    labels = cells.astype(np.float32)
    if table.is_binary:
        labels = np.where(np.isnan(cells), -1, cells).astype(np.int8)
    kinds = [kind] * len(table.tasks)
    return Panel.from_arrays(table.smiles[rows].tolist(), labels, table.tasks, kinds=kinds)


def _parts(panel: Panel, rows: int | None, seed: int, draws: np.random.Generator) -> np.ndarray:
    """The part of each row; those that are too many to train on are of none."""
    from bioassay_mtl.splits import SplitConfig, split

    config = SplitConfig(
        kind="scaffold_balanced", fractions=(1 - 1.5 * HELD, HELD / 2, HELD), seed=seed
    )
    found = split(panel, config)
    parts = np.full(len(panel), "", dtype="<U5")
    for part in ("train", "valid", "test"):
        parts[getattr(found, part)] = part
    if rows is not None:
        n_valid = max(1, rows // 8)
        for part, n in (("train", rows - n_valid), ("valid", n_valid)):
            spare = draws.permutation(np.flatnonzero(parts == part))[n:]
            parts[spare] = ""
    return parts
