"""A column of the panel names each row's subset."""

from __future__ import annotations

import numpy as np

from bioassay_mtl.config import did_you_mean
from bioassay_mtl.errors import ConfigError, InputError
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits.published import keep_published
from bioassay_mtl.splits.split import SUBSETS, Split, SplitConfig, Subset, splitters

SYNONYMS: dict[str, Subset] = {
    "train": "train",
    "training": "train",
    "valid": "valid",
    "val": "valid",
    "validation": "valid",
    "dev": "valid",
    "test": "test",
    "testing": "test",
    "public_test": "test",
    "holdout": "test",
}


@splitters.register("column")
def split_by_column(panel: Panel, config: SplitConfig) -> Split:
    """Follow ``panel.columns[config.column]``; rows with an empty cell are left out.

    Raises
    ------
    ConfigError
        If no such column is named or known.
    InputError
        If a value means no subset.
    """
    if config.column is None:
        raise ConfigError(f"a split by column needs its name: one of {', '.join(panel.columns)}")
    if config.column not in panel.columns:
        near = did_you_mean(config.column, panel.columns)
        raise ConfigError(f"the panel has no column {config.column!r} ({near})")
    values = panel.columns[config.column]
    code: dict[str, int] = {}
    for value in dict.fromkeys(values):
        key = value.strip()
        part = config.values[key] if key in config.values else SYNONYMS.get(key.lower(), "")
        if not part and key and key not in config.values:
            raise InputError(
                f"{value!r} names no subset of a split",
                column=config.column,
                hint=f"known: {', '.join(SYNONYMS)}; others need values={{{value!r}: 'test'}}",
            )
        code[value] = SUBSETS.index(part) if part else -1
    parts = np.fromiter((code[value] for value in values), np.int8, len(panel))
    return keep_published(panel, parts, config)
