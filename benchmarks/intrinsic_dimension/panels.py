"""Panels of the study, as they are in the folder of real data, and parts of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd

from benchmarks.harness.datasets import known_assays, read_pcba
from benchmarks.harness.molecules import data_folder
from bioassay_mtl.panels import Panel
from bioassay_mtl.panels.read import read_panel

POTENT = 7.0
"""A ChEMBL value (pXC50) from which on a molecule counts as active: 100 nM."""


def _file(name: str) -> Panel:
    panel = read_panel(data_folder() / name)
    return panel.select_tasks(
        [t for t, k in zip(panel.tasks, panel.kinds, strict=True) if k.has_actives]
    )


def pcba(n_rows: int | None = None) -> Panel:
    """Rows of the training part that have a structure, or some of them; each molecule once."""
    panel = read_pcba(data_folder() / "pcba")
    parts = np.array(panel.columns["part"]) == "train"
    rows = np.random.default_rng(0).permutation(np.flatnonzero(parts & panel.has_structure))
    panel = panel.take(np.sort(rows[:n_rows]))
    return once(panel)


def _chembl() -> Panel:
    """The 40 targets with most values, as active from ``POTENT`` on."""
    table = pd.read_csv(data_folder() / "chembl_pxc50.csv.gz").set_index("smiles")
    table = table[table.count().sort_values(ascending=False, kind="stable").index[:40]]
    table = table[table.notna().any(axis=1)]
    labels = np.where(table.isna(), -1, table >= POTENT).astype(np.int8)
    ids = [str(number) for number in range(len(table))]
    return Panel(list(table.index), None, labels, tuple(table.columns), ids)


def once(panel: Panel) -> Panel:
    return panel.take(np.sort(np.unique(panel.groups(), return_index=True)[1]))


def most(panel: Panel, n_assays: int, n_rows: int) -> Panel:
    """Assays with most of the rarer outcome, and some of the rows they were measured in."""
    fewest = np.minimum(panel.n_actives, panel.n_inactives)
    chosen = np.sort(np.argsort(-fewest, kind="stable")[:n_assays])
    return some(panel.select_tasks([panel.tasks[place] for place in chosen]), n_rows)


def some(panel: Panel, n_rows: int, actives: bool = False) -> Panel:
    """Rows with a measured cell, drawn at random; or all with an active, and others."""
    rng, cells = np.random.default_rng(0), panel.cells
    kept = np.unique(cells.row[cells.value > 0.5]) if actives else np.zeros(0, dtype=np.int64)
    others = rng.permutation(np.setdiff1d(np.unique(cells.row), kept))
    return panel.take(np.sort(np.concatenate([kept, others[: max(0, n_rows - len(kept))]])))


def related(panel: Panel) -> dict[str, list[str]]:
    """Groups of an assay's kind: of Tox21 by name, of PCBA by class of target."""
    found: dict[str, list[str]] = {}
    if panel.tasks[0].startswith("PCBA-"):
        known = known_assays(data_folder() / "pcba")
        kinds = {row["task"]: row["target_class"] for row in known}
    else:
        kinds = {task: task[:2] for task in panel.tasks}
    for task in panel.tasks:
        if kind := kinds.get(task):
            found.setdefault(kind, []).append(task)
    return {kind: tasks for kind, tasks in found.items() if len(tasks) >= 4}


panels: dict[str, Callable[[], Panel]] = {
    "tox21": cache(lambda: some(_file("tox21.csv.gz"), 3_000)),
    "pcba-16": cache(lambda: most(pcba(12_000), 16, 4_000)),
    "muv": lambda: some(_file("muv.csv.gz"), 4_000, actives=True),
    "toxcast": lambda: most(_file("toxcast.csv.gz"), 24, 3_000),
    "pcba": cache(pcba),
    "pcba-part": cache(lambda: pcba(10_000)),
    "pcba-1": cache(lambda: most(pcba(), 1, 50_000)),
    "tox21-whole": cache(lambda: _file("tox21.csv.gz")),
    "tox21-once": cache(lambda: once(_file("tox21.csv.gz"))),
    "chembl": cache(_chembl),
}
