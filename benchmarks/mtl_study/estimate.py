"""How long the rest of a study takes: from what was measured, else from rough costs."""

from __future__ import annotations

from statistics import median

from benchmarks.mtl_study.cases import PLAIN, Cell
from benchmarks.mtl_study.presets import Preset
from benchmarks.rivals.ledger import Ledger

ROUGH_COST = {
    "two_step_all": 3.0,
    "cagrad": 3.0,
    "two_step_longer": 3.0,
    "sum_longer": 3.0,
    "fairgrad": 9.0,
    "upgrad": 11.0,
    "nash_mtl": 6.0,
}
"""Plain runs that one run takes with 128 assays, where none was timed yet; the part above 1 falls
with the square of the number of assays. 1.1 for the others."""
SINGLE_TASK = 0.5
"""Plain runs that the network of one assay takes."""
PLAIN_SECONDS = {"quick": 0.6, "small": 3.5, "full": 12.0}
"""Of a plain run, until one was timed."""


class Estimate:
    """Expected seconds of a piece of work.

    Parameters
    ----------
    ledger
        Finished work.
    preset
        The size.
    n_assays
        T.
    """

    def __init__(self, ledger: Ledger, preset: Preset, n_assays: int) -> None:
        self.ledger, self.preset, self.n_assays = ledger, preset, n_assays

    def seconds(self, cell: Cell) -> float:
        """Expected wall seconds of one run of a cell."""
        timed = self._timed(cell)
        if timed:
            return median(timed)
        plain = self._timed(Cell(cell.model, PLAIN)) or self._timed(Cell("mmoeex", PLAIN))
        base = median(plain) if plain else PLAIN_SECONDS[self.preset.name]
        if cell.model == "single_task":
            return base * SINGLE_TASK * self.n_assays
        if cell.balancer == PLAIN:
            return base
        above = ROUGH_COST.get(cell.balancer, 1.1) - 1
        return base * (1.1 + above * (self.n_assays / 128) ** 2)

    def minutes(self, work: list[tuple[Cell, int]]) -> float:
        """Expected wall minutes of so many runs of each cell."""
        return sum(self.seconds(cell) * n for cell, n in work) / 60

    def _timed(self, cell: Cell) -> list[float]:
        return [
            entry.seconds
            for entry in self.ledger.entries.values()
            if entry.rival == cell.name and entry.features == self.preset.name
        ]
