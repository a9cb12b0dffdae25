"""Panels of the study, as they are in the folder of real data."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.pcba_sample import read_pcba
from bioassay_mtl.panels import Panel
from bioassay_mtl.panels.duplicates import group_by_structure
from bioassay_mtl.panels.read import read_panel

MOST_ASSAYS = 64
"""Of ToxCast: those with most actives."""


def _folder() -> Path:
    usual = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    return Path(os.environ.get("BIOASSAY_DATA") or usual)


def _of(file: str, most: int | None = None) -> Panel:
    panel = read_panel(_folder() / file)
    binary = [t for t, k in zip(panel.tasks, panel.kinds, strict=True) if k.has_actives]
    panel = panel.select_tasks(binary)
    if most is None or len(panel.tasks) <= most:
        return panel
    fewest = np.minimum(panel.n_actives, panel.n_inactives)
    chosen = np.sort(np.argsort(-fewest, kind="stable")[:most])
    return panel.select_tasks([panel.tasks[place] for place in chosen])


def _pcba() -> Panel:
    """Rows of the training part that have a structure, each molecule once."""
    panel = read_pcba(_folder() / "pcba")
    parts = np.array(panel.columns["part"]) == "train"
    panel = panel.take(np.flatnonzero(parts & panel.has_structure))
    groups = group_by_structure(panel.structures or [])
    return panel.take(np.sort(np.unique(groups, return_index=True)[1]))


panels: dict[str, Callable[[], Panel]] = {
    "tox21": lambda: _of("tox21.csv.gz"),
    "muv": lambda: _of("muv.csv.gz"),
    "toxcast": lambda: _of("toxcast.csv.gz", MOST_ASSAYS),
    "pcba": _pcba,
}
