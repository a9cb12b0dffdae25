"""Networks of others, tuned, on the panels that they are asked for.

DeepChem's reads log counts of Morgan environments and torsions; the best of eight trials on the
validation rows learns from all rows brought, as many epochs as were best. Chemprop reads graphs,
in some trials beside RDKit's descriptors; of its trials the best on the validation rows counts, by
which it chose its epoch, too: they are not learned from.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.harness.chemprop_program import BATCH, chemprop
from benchmarks.harness.contenders import Options, Outcome
from benchmarks.harness.datasets import Source
from benchmarks.harness.deepchem_networks import deepchem

_SETTINGS = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text())
SEED = 0


def tuned_deepchem(data: Source, options: Options) -> Outcome:
    """``MultitaskClassifier`` or ``MultitaskRegressor``."""
    grid: Mapping[str, list[Any]] = _SETTINGS["DeepChem"]
    every = [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]
    trials = every[:1] if options.quick else every
    done = [deepchem(data, SEED, options, own=each) for each in trials]
    best = int(np.argmax([_score(each) for each in done]))
    epochs = max(1, done[best].notes["best_epoch"])
    outcome = deepchem(data, SEED, options, epochs=epochs, own=trials[best])
    return replace(outcome, settings={**outcome.settings, "trials": len(trials)})


def tuned_chemprop(data: Source, options: Options) -> Outcome:
    """Its D-MPNN."""
    trials: list[list[str]] = _SETTINGS["chemprop"][: 1 if options.quick else None]
    if len(data.valid) < 2 * BATCH:  # with fewer than a batch of them it ends with an error
        trials = [[*each, "--batch-size", str(BATCH // 2)] for each in trials]
    done = [chemprop(data, SEED, options, each) for each in trials]
    best = max(done, key=_score)
    return replace(best, settings={**best.settings, "trials": len(trials)})


def _score(outcome: Outcome) -> float:
    score = float(outcome.notes["valid_score"])
    return score if np.isfinite(score) else -np.inf


NETWORKS: dict[str, Callable[[Source, Options], Outcome]] = {
    "DeepChem": tuned_deepchem,
    "chemprop": tuned_chemprop,
}


def timed(name: str, data: Source, options: Options) -> tuple[Outcome, float]:
    """An outcome, and its processor time, of programs too."""
    start = sum(os.times()[:4])
    outcome = NETWORKS[name](data, options)
    return outcome, sum(os.times()[:4]) - start
