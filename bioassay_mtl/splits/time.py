"""Molecules by date: the oldest to learn from, the newest to be tested on."""

from __future__ import annotations

import logging

import numpy as np

from bioassay_mtl.config import did_you_mean
from bioassay_mtl.errors import ConfigError, InputError, counted
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits.deal import Fractions
from bioassay_mtl.splits.split import Rows, Split, SplitConfig, splitters
from bioassay_mtl.tables.dates import points_in_time

logger = logging.getLogger(__name__)


@splitters.register("time")
def split_by_time(panel: Panel, config: SplitConfig) -> Split:
    """Order the rows by ``panel.columns[config.column]``: train before valid before test.

    Rows of one date stay together, and each cut is where two dates meet, next to the fraction. A
    molecule with all its duplicates has the earliest of their dates. Rows of molecules without a
    date are left out: training on one that is newer than the test rows would tell the future.

    Raises
    ------
    ConfigError
        If no such column is named or known.
    InputError
        If a cell is no date, or there are fewer dates than subsets.

    References
    ----------
    Sheridan, J. Chem. Inf. Model. 53 (2013) 783.
    """
    if config.column is None:
        raise ConfigError(f"a split by time needs its column: one of {', '.join(panel.columns)}")
    if config.column not in panel.columns:
        near = did_you_mean(config.column, panel.columns)
        raise ConfigError(f"the panel has no column {config.column!r} ({near})")
    points = points_in_time(panel.columns[config.column], config.column)
    groups = panel.groups()
    first = np.full(groups.max(initial=-1) + 1, np.nan)
    np.fmin.at(first, groups, points)
    points = first[groups]
    dated = np.flatnonzero(~np.isnan(points))
    if len(dated) < len(panel):
        logger.warning("left out, without a date: %s", counted(len(panel) - len(dated), "row"))
    part = np.full(len(panel), -1, dtype=np.int64)
    dates, place, sizes = np.unique(points[dated], return_inverse=True, return_counts=True)
    used = [number for number, fraction in enumerate(config.fractions) if fraction > 0]
    if len(dates) < len(used):
        raise InputError(
            f"{len(used)} subsets need as many dates, found {len(dates)}", column=config.column
        )
    cuts = _cuts(sizes, [config.fractions[number] for number in used])
    part[dated] = np.array(used)[np.searchsorted(cuts, place, side="right")]
    return Split.of_parts(part)


def _cuts(sizes: Rows, fractions: Fractions) -> list[int]:
    """Number of the first date of each subset but the first, none of them empty."""
    ends = np.cumsum(sizes)
    targets = np.cumsum(fractions) * ends[-1]
    cuts: list[int] = []
    for later in range(len(fractions) - 1, 0, -1):
        possible = np.arange(cuts[-1] + 1 if cuts else 1, len(sizes) - later + 1)
        off = np.abs(ends[possible - 1] - targets[len(cuts)])
        cuts.append(int(possible[np.argmin(off)]))
    return cuts
