"""Features of a panel's molecules: those it brings, and those made of its structures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from bioassay_mtl.chem.descriptors import UserColumns
from bioassay_mtl.chem.features import Features
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.parallel import featurize
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.panels.panel import Panel


def panel_features(panel: Panel, featurizer: Featurizer, workers: int = 1) -> Features:
    """Blocks of all rows: given ones as they are, the rest from the panel's structures."""
    given: dict[str, Any] = {
        name: block
        for name, block in (panel.features or {}).items()
        if name in featurizer.fingerprints and featurizer.fingerprints[name].holds(block)
    }
    missing = {n: f for n, f in featurizer.fingerprints.items() if n not in given}
    for name, columns in [*missing.items()]:
        if isinstance(columns, UserColumns):
            given[name] = columns.read(panel.columns)
            del missing[name]
    status = np.zeros(len(panel), dtype=np.uint8)
    if not missing:
        return Features(given, status)
    if panel.structures is None:
        raise ConfigError(
            f"the panel has no structures to compute {', '.join(missing)} from, and its features "
            "do not fit the settings: "
            + ", ".join(f"{n} ({b.n_features} columns)" for n, b in (panel.features or {}).items())
        )
    if absent := [name for name, each in missing.items() if not each.is_computed]:
        raise ConfigError(f"no features fit the input {absent[0]!r}, which is not computed here")
    again = False if panel.standardize == featurizer.standardize else featurizer.standardize
    rest = replace(featurizer, fingerprints=missing, standardize=again)
    computed = featurize(panel.structures, rest, workers=workers)
    order = featurizer.n_features
    blocks = given | computed.blocks
    return Features({name: blocks[name] for name in order}, computed.status)
