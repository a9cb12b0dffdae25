"""Tables that panels are drawn from, and which of their molecules may be drawn."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rdkit import Chem, RDLogger

from benchmarks.harness.datasets import find_data
from bioassay_mtl.panels import Panel
from bioassay_mtl.registry import Registry

POOL, REST, ALL = range(7), range(7, 10), range(10)
"""Tenths of the molecules: those that settings are chosen on, those left for evidence, all."""
N_PCBA = 9_000
"""Molecules of PCBA that are drawn from, and all actives of its assays of few."""
FEWEST_VALUES = 500
FEWEST_OF_EACH = 18
"""Molecules of each outcome that an assay must have to be taken singly."""


@dataclass(frozen=True)
class Table:
    """Molecules ``(n,)`` x assays ``(T,)``: outcomes or values, NaN where not measured."""

    smiles: NDArray[np.str_]
    cells: NDArray[np.float64]
    tasks: tuple[str, ...]
    is_binary: bool = True

    def part(self, tenths: range) -> Table:
        """Distinct molecules of some tenths, by their canonical SMILES: the same in all tables."""
        keys = [canonical(text) for text in self.smiles]
        firsts = [hashlib.sha256(key.encode()).digest()[0] for key in keys]
        kept = [bool(key) and n % 10 in tenths for key, n in zip(keys, firsts, strict=True)]
        _, first = np.unique(keys, return_index=True)
        rows = np.intersect1d(first, np.flatnonzero(kept))
        return Table(self.smiles[rows], self.cells[rows], self.tasks, self.is_binary)

    def evenly(self, n: int, fewest: float) -> list[str]:
        """Assays of so many molecules, from those of few to those of many of the rarer outcome.

        Of values, from those of few to those of many.
        """
        measured = (~np.isnan(self.cells)).sum(axis=0)
        fitting, rarer = measured >= fewest, measured
        if self.is_binary:
            active = np.nansum(self.cells, axis=0)
            rarer = np.minimum(active, measured - active).astype(int)
            fitting &= rarer >= FEWEST_OF_EACH
        order = np.flatnonzero(fitting)
        order = order[np.argsort(rarer[order], kind="stable")]
        places = np.linspace(0, len(order) - 1, min(n, len(order))).round().astype(int)
        return [self.tasks[task] for task in order[places]]

    def panel(self, rows: NDArray[np.int64], columns: list[int]) -> Panel:
        """Some molecules in some assays."""
        cells = self.cells[rows][:, columns]
        labels = cells.astype(np.float32)
        if self.is_binary:
            labels = np.where(np.isnan(cells), -1, cells).astype(np.int8)
        kind = "binary" if self.is_binary else "regression"
        tasks = [self.tasks[column] for column in columns]
        kinds = [kind] * len(tasks)
        return Panel.from_arrays(self.smiles[rows].tolist(), labels, tasks, kinds=kinds)


def canonical(smiles: str) -> str:
    """Canonical SMILES; empty where RDKit reads none."""
    molecule = Chem.MolFromSmiles(smiles)
    return Chem.MolToSmiles(molecule) if molecule is not None else ""


tables: Registry[Callable[[range], Table]] = Registry("table")
"""Each reads a table, some tenths of it."""


def _wide(
    file: str, tenths: range, drop: tuple[str, ...] = ("mol_id", "smiles"), rows: int | None = None
) -> Table:
    """All molecules, or some ``rows`` of them with all that are active."""
    RDLogger.DisableLog("rdApp.*")
    frame = pd.read_csv(find_data() / file)
    tasks = tuple(name for name in frame.columns if name not in drop)
    if rows is not None:
        chosen = np.random.default_rng(0).permutation(len(frame))[:rows]
        active = np.flatnonzero((frame[list(tasks)] == 1).any(axis=1))
        frame = frame.iloc[np.union1d(chosen, active)]
    cells = frame[list(tasks)].to_numpy(np.float64)
    return Table(frame["smiles"].to_numpy(str), cells, tasks).part(tenths)


tables.register("tox21")(partial(_wide, "tox21.csv.gz"))
tables.register("toxcast")(partial(_wide, "toxcast.csv.gz"))
tables.register("muv")(partial(_wide, "muv.csv.gz", rows=20_000))
tables.register("hiv")(partial(_wide, "HIV.csv.gz", drop=("smiles", "activity")))


@tables.register("pcba")
def _pcba(tenths: range) -> Table:
    """Rows of its training part, or for evidence of its test part; most inactives left away."""
    RDLogger.DisableLog("rdApp.*")
    frame = pd.read_csv(find_data() / "pcba" / "pcba_smiles.csv.gz")
    parts = {POOL: ["train"], REST: ["public_test"]}.get(tenths, ["train", "public_test"])
    frame = frame[frame["part"].isin(parts)]
    tasks = tuple(name for name in frame.columns if name.startswith("PCBA-"))
    cells = frame[list(tasks)].to_numpy(np.float64)
    rare = np.nansum(cells, axis=0) < 200
    order = np.random.default_rng(0).permutation(len(cells))
    kept = np.union1d(order[:N_PCBA], np.flatnonzero((cells[:, rare] == 1).any(axis=1)))
    return Table(frame["smiles"].to_numpy(str)[kept], cells[kept], tasks).part(ALL)


@cache
def _values(tenths: range, fewest: int = FEWEST_VALUES, most: int | None = None) -> Table:
    """Exact values of the assays of most molecules: the median where one was measured again."""
    RDLogger.DisableLog("rdApp.*")
    frame = pd.read_csv(find_data() / "chembl_censored_long.csv.gz")
    frame = frame[frame["qualifier"] == "="]
    sizes = frame["assay"].value_counts(sort=False).sort_index()
    sizes = sizes.sort_values(ascending=False, kind="stable")
    frame = frame[frame["assay"].isin(sizes.index[sizes >= fewest][:most])]
    wide = frame.pivot_table(index="smiles", columns="assay", values="pvalue", aggfunc="median")
    return Table(
        wide.index.to_numpy(str), wide.to_numpy(np.float64), tuple(wide.columns), False
    ).part(tenths)


tables.register("chembl")(_values)
tables.register("chembl100")(partial(_values, fewest=0, most=100))


@tables.register("chembl_outcomes")
def _chembl_outcomes(tenths: range) -> Table:
    """The same, active from 6 or from 7 on, whichever leaves more of the rarer outcome."""
    values = tables["chembl"](tenths)
    cells, measured = values.cells, ~np.isnan(values.cells)
    six, seven = (np.abs((cells >= limit).sum(0) / measured.sum(0) - 0.3) for limit in (6, 7))
    outcomes = np.where(measured, cells >= np.where(six < seven, 6.0, 7.0), np.nan)
    return Table(values.smiles, outcomes, values.tasks)
