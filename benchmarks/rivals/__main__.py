"""Models of other libraries on the rows that the shipped model is compared on.

    python -m benchmarks.rivals [--quick] [--protocol NAME] [--models NAME ...] [--report]
    python -m benchmarks.rivals --protocol B-random --models chemprop --chemprop PATH

Work that the results file already holds is not repeated, so a killed run is resumed by the same
command. ``benchmarks.harness.chemprop_program`` says how to get chemprop.
"""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial
from typing import Any

import numpy as np

from benchmarks.harness import per_assay
from benchmarks.harness.chemprop_program import fit_chemprop
from benchmarks.harness.datasets import PROTOCOLS, Source, pcba
from benchmarks.harness.deepchem_networks import MULTITASK, fit_multitask
from benchmarks.harness.inputs import DESCRIPTION, bits, counts
from benchmarks.harness.ledger import RESULTS, Key, Ledger, make_entry
from benchmarks.harness.provenance import provenance
from benchmarks.harness.scores import macro_ap, score_all, score_assay
from benchmarks.harness.standings import Standing, standings, table
from benchmarks.harness.study import chemprop_options, ended, parser, show
from bioassay_mtl.splits import Split

MODELS = (*per_assay.MODELS, "deepchem", "deepchem_refit", "chemprop")
HOLDOUT = 0.1
INTRODUCTION = """\
# Rivals on the same rows

Made by `python -m benchmarks.rivals`; scores of each piece of work are in `rivals.jsonl`. Macro
means over assays with an active and an inactive in the test part; cells that were not measured
count nowhere. Seeds: mean and, where there are several, standard deviation. Time is that of one
thread on a shared machine, a seed. *Better*: assays with a higher AP than XGBoost. Where there are
SMILES, all but chemprop read `counts`, which on validation rows were better than `bits` for each of
them (AP of logistic regression 0.211 against 0.156, XGBoost 0.212 and 0.174, forest 0.173 and
0.172, DeepChem 0.247 and 0.200). DeepChem's network is stopped on a tenth of the training rows;
`deepchem_refit` then learns from all of them, for the median of its epochs."""


def features_of(protocol: str, model: str) -> str:
    """What a model reads."""
    if model == "chemprop":
        return "graph"
    return "bits" if protocol == "A" else "counts"


class Rivals:
    """The rows of a protocol, and what was done before."""

    def __init__(self, protocol: str, source: Source, ledger: Ledger, asked: argparse.Namespace):
        self.protocol, self.source, self.ledger, self.asked = protocol, source, ledger, asked

    def run(self, model: str) -> None:
        """All that is not done."""
        if model in per_assay.MODELS:
            return self.one_an_assay(model)
        refits = model == "deepchem_refit"
        if (refits and self.protocol == "B-scaffold") or (
            model == "chemprop" and not (self.source.smiles and self.asked.chemprop)
        ):
            print(f"{self.protocol} {model} is left out", file=sys.stderr)
            return None
        for seed in self.asked.seeds[:1] if model == "chemprop" else self.asked.seeds:
            if self.ledger.get(self.key(model, seed)) is None:
                getattr(self, model)(seed)
        return None

    def one_an_assay(self, name: str) -> None:
        """An entry for each assay."""
        model, seed = per_assay.MODELS[name], self.asked.seeds[0]
        model = model.quick() if self.asked.quick else model
        source, begun = self.source, time.monotonic()
        x = self.matrix(name)
        self.note(name, seed, model.about)
        for index, task in enumerate(source.panel.tasks):
            key = self.key(name, seed, task)
            late = time.monotonic() - begun > 60 * self.asked.minutes
            if late or self.ledger.get(key) is not None:
                continue
            label, start = source.panel.labels[:, index], time.perf_counter()
            new = source.test[label[source.test] >= 0]
            rows = source.fit if source.train is None else source.train
            found = score_assay(
                label[new], per_assay.predict_assay(model, x, label, rows, new, seed=seed)
            )
            seconds = time.perf_counter() - start
            show(self.ledger.add(make_entry(key, {task: found} if found else {}, seconds)))

    def deepchem(self, seed: int) -> None:
        """Its multitask network, stopped on validation rows."""
        self.multitask("deepchem", seed, self.parts, MULTITASK, MULTITASK["epochs_at_most"])

    def deepchem_refit(self, seed: int) -> None:
        """The same on all training rows, for the median of its epochs."""
        stopped = self.ledger.select(protocol=self.protocol, rival="deepchem", stage="final")
        if not stopped:
            raise SystemExit("run deepchem first: its epochs are taken over")
        epochs = int(np.median([entry.notes["best_epoch"] for entry in stopped]))
        settings = MULTITASK | {"stop_on": f"after {epochs} epochs, all training rows"}
        train = self.source.fit if self.source.train is None else self.source.train
        parts = Split(train, self.source.valid, self.source.test, self.parts.n_rows)
        self.multitask("deepchem_refit", seed, parts, settings, epochs, stops=False)

    def multitask(
        self, name: str, seed: int, parts: Split, settings: Any, epochs: int, stops: bool = True
    ) -> None:
        """DeepChem's, for at most so many epochs."""
        start, labels = time.perf_counter(), self.source.panel.labels
        epochs = min(epochs, 2) if self.asked.quick else epochs
        score = self.valid_ap if stops else None
        result = fit_multitask(self.matrix(name), labels, parts, score, seed, epochs)
        self.note(name, seed, settings)
        notes = {"best_epoch": result.best_epoch, "epochs": result.epochs}
        self.keep(name, seed, result.test, time.perf_counter() - start, notes)

    def chemprop(self, seed: int) -> None:
        """Its default network."""
        start, epochs = time.perf_counter(), 2 if self.asked.quick else 25
        result = fit_chemprop(
            self.asked.chemprop,
            self.source.panel,
            self.parts,
            self.valid_ap,
            seed,
            name=self.protocol,
            epochs=epochs,
        )
        self.note("chemprop", seed, result.settings)
        self.keep("chemprop", seed, result.test, time.perf_counter() - start, result.notes)

    @property
    def parts(self) -> Split:
        """To fit on, to stop on, to test on."""
        source = self.source
        return Split(source.fit, source.valid, source.test, len(source.panel))

    def valid_ap(self, guess: Any) -> float:
        """What networks are stopped by."""
        panel = self.source.panel
        return macro_ap(panel.labels[self.source.valid], guess, panel.tasks)

    def matrix(self, model: str) -> Any:
        """What a model reads."""
        if features_of(self.protocol, model) == "counts":
            return counts(self.source.smiles)
        assert self.source.bits is not None
        return bits(self.source.bits)

    def key(self, model: str, seed: int, unit: str = "all") -> Key:
        """Of a piece of work."""
        return (self.protocol, model, features_of(self.protocol, model), "final", seed, unit)

    def keep(self, model: str, seed: int, guess: Any, seconds: float, notes: Any) -> None:
        """The scores of a network on the test rows."""
        panel, test = self.source.panel, self.source.test
        scores = score_all(panel.labels[test], guess, panel.tasks)
        show(self.ledger.add(make_entry(self.key(model, seed), scores, seconds, notes)))

    def note(self, model: str, seed: int, settings: Any) -> None:
        """Settings of a model, the sizes of parts, and what it was made with, once."""
        key = (self.protocol, model, "", "settings", seed, "all")
        if self.ledger.get(key) is None:
            sizes = {name: len(getattr(self.source, name)) for name in ("fit", "valid", "test")}
            notes = {"settings": settings, "rows": sizes, **provenance()}
            self.ledger.add(make_entry(key, {}, 0.0, notes))


def report_of(ledger: Ledger) -> str:
    """Markdown: a table for each protocol, and the settings."""
    lines = [INTRODUCTION]
    for protocol in PROTOCOLS:
        found = standings(ledger.select(protocol=protocol, stage="final"))
        if found:
            found.sort(key=lambda each: -each.mean("ap"))
            lines += ["", f"## {protocol}", "", *table(found, "xgboost", _features), ""]
            settings = ledger.select(protocol=protocol, stage="settings")
            lines += [f"- {each.rival}: `{each.notes['settings']}`" for each in settings]
    lines += ["", *(f"- `{name}`: {text}." for name, text in DESCRIPTION.items())]
    return "\n".join(lines) + "\n"


def _features(standing: Standing) -> str:
    return standing.entries[0].features


def main(arguments: list[str] | None = None) -> int:
    """Run what is not done, and write the table."""
    options = parser(__doc__, "3,000 rows and 4 assays, nothing kept")
    options.add_argument("--protocol", choices=PROTOCOLS, help="default: all")
    options.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    options.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="of networks")
    options.add_argument("--minutes", type=float, default=float("inf"), help="of assays one by one")
    options.add_argument("--report", action="store_true", help="write the report, run nothing")
    chemprop_options(options)
    return ended(partial(run, options.parse_args(arguments)))


def run(asked: argparse.Namespace) -> None:
    """Protocol by protocol."""
    ledger = Ledger(None if asked.quick else RESULTS / "rivals.jsonl")
    asked.seeds = asked.seeds[:1] if asked.quick else asked.seeds
    for protocol in [] if asked.report else [asked.protocol] if asked.protocol else PROTOCOLS:
        source = pcba(protocol, asked.data, HOLDOUT)
        source = source.look(4, 3000) if asked.quick else source
        rivals = Rivals(protocol, source, ledger, asked)
        for model in asked.models:
            rivals.run(model)
    if not asked.quick:
        (RESULTS / "rivals.md").write_text(report_of(ledger))


if __name__ == "__main__":
    sys.exit(main())
