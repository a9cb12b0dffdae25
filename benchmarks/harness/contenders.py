"""Models of other libraries on the rows of a panel, each in one way for all studies."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import inputs, per_assay
from benchmarks.harness.chemprop_program import EPOCHS, fit_chemprop
from benchmarks.harness.datasets import Rows, Source
from benchmarks.harness.deepchem_networks import (
    D_MPNN,
    MULTITASK,
    Trained,
    d_mpnn_graphs,
    fit_d_mpnn,
    fit_multitask,
)
from benchmarks.harness.ledger import Entry, Floats, Key, Ledger, macro_ap, make_entry, score_all
from benchmarks.harness.provenance import provenance
from bioassay_mtl.metrics import evaluate
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split
from bioassay_mtl.tasks.kinds import Censored

OF_VALUES = ("rmse", "concordance", "r2")


@dataclass(frozen=True)
class Contest:
    """What contenders are given: rows to fit on, to stop on and to test on.

    ``about`` says what they are, for the report; ``whole`` are rows that a model without stopping
    may learn from (None: those to fit and to stop on); ``bits``, ``(n, 128)`` uint8, are what trees
    and DeepChem's network read (None: counts).
    """

    name: str
    panel: Panel
    parts: Split
    about: str = ""
    whole: Rows | None = None
    bits: NDArray[np.uint8] | None = None

    @classmethod
    def of(cls, name: str, source: Source, rows: int | None = None) -> Contest:
        """The rows that are used and no others: those to fit on, to stop on, to test on."""
        few = source.compact(rows)
        parts = Split(few.fit, few.valid, few.test, len(few.panel))
        return cls(name, few.panel, parts, few.about)

    @property
    def is_binary(self) -> bool:
        """Whether all assays are; else values, some of them bounds."""
        return all(kind.has_actives for kind in self.panel.kinds)

    @property
    def smiles(self) -> tuple[str, ...]:
        """Of all rows."""
        return tuple(self.panel.structures or ())

    @property
    def known(self) -> Rows:
        """Rows that a model without stopping learns from."""
        both = np.concatenate([self.parts.train, self.parts.valid])
        return both if self.whole is None else self.whole

    @cached_property
    def matrix(self) -> Any:
        """What trees and DeepChem's network read: see :mod:`benchmarks.harness.inputs`."""
        return inputs.counts(self.smiles) if self.bits is None else inputs.bits(self.bits)

    def valid_score(self, guess: Floats) -> float:
        """What a network is stopped by, from its predictions (n_valid, T) of the validation rows.

        Macro average precision; of values the mean RMSE of the exact ones with its sign turned.
        """
        rows = self.parts.valid
        if self.is_binary:
            return macro_ap(self.panel.labels[rows], guess, self.panel.tasks)
        return -float(np.mean(self._values(rows, guess)["rmse"]))

    def scored(self, key: Key, guess: Floats, seconds: float, notes: dict[str, Any]) -> Entry:
        """The entry of a piece of work, from its predictions (n_test, T) of the test rows."""
        test, tasks = self.parts.test, self.panel.tasks
        if self.is_binary:
            return make_entry(key, score_all(self.panel.labels[test], guess, tasks), seconds, notes)
        values = {n: v.round(5).tolist() for n, v in self._values(test, guess).items()}
        bare = make_entry(key, {}, seconds, notes | {"values": values})
        return replace(bare, assays=list(tasks))

    def _values(self, rows: Rows, guess: Floats) -> dict[str, NDArray[np.float64]]:
        """As of values with bounds, also where there are none: exact ones have an order too."""
        panel = self.panel
        bounds = None if panel.bounds is None else panel.bounds[rows]
        kinds = [Censored()] * len(panel.tasks)
        found = evaluate(panel.labels[rows], guess, panel.tasks, kinds=kinds, bounds=bounds)
        return {name: found.values[name] for name in OF_VALUES}


@dataclass(frozen=True)
class Options:
    """How contenders are run: where chemprop is, and whether there is hardly any training."""

    chemprop: Path | None = None
    quick: bool = False


@dataclass(frozen=True)
class Outcome:
    """Predictions of the test rows, (n_test, T), and how they came about."""

    test: Floats
    settings: dict[str, Any]
    notes: dict[str, Any] = field(default_factory=dict)


Contender = Callable[[Contest, int, Options], Outcome]
"""From rows, a seed and options to an outcome."""


def contested(
    ledger: Ledger, key: Key, contender: Contender, data: Contest, options: Options
) -> Entry:
    """The entry of a contender with a seed; what the ledger has is not done again.

    Processor time is that of this process and of the programs that it ran.
    """
    if done := ledger.get(key):
        return done
    start, cpu = time.perf_counter(), sum(os.times()[:4])
    outcome = contender(data, key[4], options)
    seconds, cpu = time.perf_counter() - start, sum(os.times()[:4]) - cpu
    notes = {
        "settings": outcome.settings,
        "cpu_seconds": round(cpu, 1),
        **outcome.notes,
        "about": data.about,
        "assays": len(data.panel.tasks),
        "fit": len(data.parts.train),
        "valid": len(data.parts.valid),
        "test": len(data.parts.test),
        "made_with": provenance(),
    }
    return ledger.add(data.scored(key, outcome.test, seconds, notes))


def one_an_assay(model: per_assay.AssayModel) -> Contender:
    """A model for each assay; predictions of cells that were not measured are 0."""

    def run(data: Contest, seed: int, options: Options) -> Outcome:
        labels, mask, test = data.panel.labels, data.panel.mask, data.parts.test
        used = model.quick() if options.quick else model
        guess = np.zeros((len(test), labels.shape[1]))
        for assay, label in enumerate(labels.T):
            at = mask[test, assay]
            guess[at, assay] = per_assay.predict_assay(
                used, data.matrix, label, data.known, test[at], data.is_binary, seed
            )
        return Outcome(guess, used.about)

    return run


def deepchem(data: Contest, seed: int, options: Options, epochs: int | None = None) -> Outcome:
    """DeepChem's multitask network, of values on standardised ones.

    It is stopped on the validation rows, or learns from all known ones for so many epochs.
    """
    mean, scale = (0.0, 1.0) if data.is_binary else standards(data)
    labels = data.panel.labels if data.is_binary else (data.panel.labels - mean) / scale
    parts, settings = data.parts, dict(MULTITASK)
    if epochs is not None:
        parts = Split(data.known, parts.valid, parts.test, parts.n_rows)
        settings["stop_on"] = f"after {epochs} epochs, all training rows"

    def score(guess: Floats) -> float:
        return data.valid_score(guess * scale + mean)

    most = 2 if options.quick else epochs or MULTITASK["epochs_at_most"]
    stops = score if epochs is None else None
    result = fit_multitask(data.matrix, labels, parts, stops, seed, most)
    if not data.is_binary:
        settings["values"] = "standardised; a bound taken for a value"
    test = result.test * scale + mean
    return Outcome(test, settings, _epochs(result))


def standards(data: Contest) -> tuple[Any, Any]:
    """Mean and standard deviation (T,) of each assay's values that are fitted on."""
    labels = data.panel.labels[data.parts.train]
    scale = np.nanstd(labels, axis=0)
    return np.nanmean(labels, axis=0), np.where(scale > 0, scale, 1).astype(np.float32)


def d_mpnn(data: Contest, seed: int, options: Options) -> Outcome:
    """DeepChem's directed message passing network, stopped on the validation rows."""
    graphs = d_mpnn_graphs(data.smiles)
    cpu = time.process_time()
    result = fit_d_mpnn(graphs, data.panel.labels, data.parts, data.valid_score, seed)
    cpu = time.process_time() - cpu
    rate = round(result.epochs * len(data.parts.train) / cpu)
    valid = {"valid_ap": round(data.valid_score(result.valid), 5)}
    more = {"molecules_per_second": rate, "cpu_seconds": round(cpu, 1)}
    return Outcome(result.test, D_MPNN, valid | more | _epochs(result))


def _epochs(result: Trained) -> dict[str, Any]:
    return {"epochs": result.epochs, "best_epoch": result.best_epoch}


def chemprop(data: Contest, seed: int, options: Options, more: Sequence[str] = ()) -> Outcome:
    """Chemprop's network through its own command line, with more options or its defaults."""
    given = (options.chemprop, data.panel, data.parts, data.valid_score, seed)
    name, epochs = f"{data.name}{'-'.join(more)}", 2 if options.quick else EPOCHS
    return Outcome(*fit_chemprop(*given, name=name, epochs=epochs, options=more))


LOGISTIC = one_an_assay(per_assay.MODELS["logistic_regression"])
BOOSTED = one_an_assay(per_assay.MODELS["xgboost"])
FOREST = one_an_assay(per_assay.MODELS["random_forest"])
WHOLE_FOREST = one_an_assay(replace(per_assay.MODELS["random_forest"], inactives_cap=None))
"""Of all inactives."""
