"""k-fold splits, also repeated."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bioassay_mtl.errors import ConfigError, InputError, counted
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits.deal import dealers
from bioassay_mtl.splits.split import Split, SplitConfig, splitters


def folds(
    panel: Panel, config: SplitConfig | None = None, n_folds: int = 5, repeats: int = 1
) -> Iterator[Split]:
    """Splits whose test sets are the folds: each row is tested once in every repeat.

    Parameters
    ----------
    panel
        Panel to split.
    config
        The kind and its settings. ``fractions`` say how the rows outside the test fold are shared
        between train and valid (0.8 to 0.1 by default); ``seed`` decides all repeats.
    n_folds
        Number of folds, at least 2.
    repeats
        Number of repeats, each time with other folds.

    Yields
    ------
    Split
        ``n_folds * repeats`` of them, repeat by repeat.

    Raises
    ------
    ConfigError
        If the kind gives a single split, or a number is out of its range.
    InputError
        If there are too few molecules (or scaffolds, or clusters) for so many folds.

    Examples
    --------
    >>> from bioassay_mtl.panels import Panel
    >>> panel = Panel.from_arrays(["C", "CC", "CCC", "CCCC"], [1, 0, 0, 1], ["assay"])
    >>> sorted(int(row) for part in folds(panel, n_folds=4) for row in part.test)
    [0, 1, 2, 3]
    """
    config = config or SplitConfig()
    if n_folds < 2 or repeats < 1:
        raise ConfigError(
            f"at least 2 folds and 1 repeat are needed, found {n_folds} and {repeats}"
        )
    if config.kind in splitters and config.kind not in dealers:
        raise ConfigError(
            f"a split of kind {config.kind!r} has no folds (those have: {', '.join(dealers)})"
        )
    train, valid, _ = config.fractions
    if train + valid == 0:
        raise ConfigError("folds need a share of train or valid, found fractions (0, 0, 1)")
    return _folds(panel, config, n_folds, repeats)


def _folds(panel: Panel, config: SplitConfig, n_folds: int, repeats: int) -> Iterator[Split]:
    deal = dealers[config.kind](panel, config)
    train, valid, _ = config.fractions
    within = (train / (train + valid), valid / (train + valid))
    for repeat in range(repeats):
        generator = np.random.default_rng([config.seed, repeat])
        fold = deal(np.arange(len(panel)), [1 / n_folds] * n_folds, generator)
        if (np.bincount(fold, minlength=n_folds) == 0).any():
            raise InputError(
                f"{counted(len(panel), 'row')}, with what must stay together: "
                f"too few for {n_folds} folds"
            )
        for number in range(n_folds):
            part = np.full(len(panel), 2)
            rest = np.flatnonzero(fold != number)
            part[rest] = deal(rest, within, generator)
            yield Split.of_parts(part)
