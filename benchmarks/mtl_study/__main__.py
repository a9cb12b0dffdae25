"""Compare balancers and models: ``python -m benchmarks.mtl_study --preset small --dataset pcba``.

``--quick`` is the preset of that name (made-up labels, under a minute, no file), ``small`` is for
two cores (minutes to an hour). Work that is in the results file is not done again, so a killed run
is resumed by the same command. ``--report`` writes the tables and plots.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from functools import partial

import numpy as np

from benchmarks.harness.datasets import NO_ROWS, Source, sources
from benchmarks.harness.ledger import RESULTS, Entry, Key, Ledger, make_entry, score_all
from benchmarks.harness.networks import Trainer, n_parameters
from benchmarks.harness.provenance import provenance
from benchmarks.harness.study import ended, parser, show
from benchmarks.mtl_study.cases import (
    MODELS,
    PLAIN,
    PRESETS,
    Cell,
    Preset,
    Settings,
    batch_size,
    cells,
    full_settings,
    known_balancers,
    trials,
)
from benchmarks.mtl_study.table import write_report
from bioassay_mtl.errors import BioassayError
from bioassay_mtl.models.model import Model
from bioassay_mtl.splits import Split
from bioassay_mtl.training import train
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.score import AVERAGE_PRECISION

TRIAL_SEED = 0


class Study:
    """One dataset at one size, and what was done before."""

    def __init__(self, dataset: str, source: Source, preset: Preset, ledger: Ledger) -> None:
        self.dataset, self.preset, self.ledger = dataset, preset, ledger
        self.source = source.compact(preset.rows)
        self.trainer = Trainer(self.source)
        self.made_with = provenance()

    def describe(self) -> None:
        """Keep what the report says of the dataset."""
        source, key = self.source, self.key("data", "", 0, "all")
        actives = (source.panel.labels[source.fit] == 1).sum(axis=0)
        notes = {
            "about": source.about,
            "tasks": list(source.panel.tasks),
            "actives": actives.tolist(),
            **{name: len(getattr(source, name)) for name in ("fit", "valid", "test")},
            "preset": vars(self.preset),
            "batch_size": batch_size(self.preset, len(source.fit)),
        }
        if self.ledger.get(key) is None:
            self.ledger.add(make_entry(key, {}, 0.0, notes | {"made_with": self.made_with}))

    def run(self, cell: Cell) -> None:
        """Tune, then test the best trial by validation AP with every seed."""
        tried = list(trials(cell, self.preset))
        done = [
            self.work(self.key("tune", cell.name, TRIAL_SEED, f"trial {number}"), cell, chosen)
            for number, chosen in enumerate(tried)
        ]
        best = max(range(len(tried)), key=lambda number: done[number].notes["valid_ap"])
        for seed in self.preset.seeds:
            show(self.work(self.key("test", cell.name, seed, "all"), cell, tried[best]))

    def work(self, key: Key, cell: Cell, chosen: Settings) -> Entry:
        """One training, kept; trials are scored on validation rows alone."""
        if done := self.ledger.get(key):
            return done
        *_, stage, seed, _ = key
        n_fit = len(self.source.fit)
        settings = full_settings(cell, self.preset, chosen, self.source, n_fit, seed)
        start, cpu = time.perf_counter(), time.process_time()
        models = self.fit(cell, TrainingConfig.of(settings))
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        curve, best = course(models)
        notes = {
            "settings": chosen,
            "preset": self.preset.size,
            "valid_ap": round(best, 5),
            "curve": [round(value, 5) for value in curve],
            "parameters": sum(map(n_parameters, models)),
            "cpu_seconds": round(cpu, 2),
            "made_with": self.made_with,
        }
        scores = {}
        if stage == "test":
            panel, test = self.source.panel, self.source.test
            found = [self.trainer.predict(model, test) for model in models]
            # A run that diverged ranks nothing: it is scored as such, not left out.
            probabilities = np.nan_to_num(np.concatenate(found, axis=1), nan=0.0)
            scores = score_all(panel.labels[test], probabilities, panel.tasks)
        return self.ledger.add(make_entry(key, scores, seconds, notes))

    def fit(self, cell: Cell, config: TrainingConfig) -> list[Model]:
        """A model, or one for each assay, of the epoch that is best on the validation rows."""
        panel = self.trainer.panel(config.fingerprints)
        fit, valid = self.source.fit, self.source.valid
        if cell.model != "single_task":
            return [train(panel, config, parts=Split(fit, valid, NO_ROWS, len(panel)))]
        found = []
        for task in panel.tasks:
            one = panel.select_tasks([task])
            mine, chosen_on = (part[one.mask[part, 0]] for part in (fit, valid))
            found.append(train(one, config, parts=Split(mine, chosen_on, NO_ROWS, len(panel))))
        return found

    def key(self, stage: str, name: str, seed: int, unit: str) -> Key:
        """Of a piece of work."""
        return (self.dataset, name, self.preset.name, stage, seed, unit)


def course(models: list[Model]) -> tuple[list[float], float]:
    """Validation AP by epoch, and of the best epochs; means over models."""
    curves = np.array(
        [[e.get(AVERAGE_PRECISION, np.nan) for e in m.training["history"]] for m in models]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # an assay that cannot be validated
        curve = np.nan_to_num(np.nanmean(curves, axis=0)).tolist()
        return curve, float(np.nan_to_num(np.nanmean(np.nanmax(curves, axis=1))))


def run(asked: argparse.Namespace) -> int:
    """All cells of all datasets, then the report."""
    preset = PRESETS["quick" if asked.quick else asked.preset]
    balancers = {PLAIN, *(asked.balancers or known_balancers())}
    for dataset in [] if asked.report else asked.dataset or (["rules"] if asked.quick else EVERY):
        file = None if asked.quick else RESULTS / f"mtl_study-{dataset}-{preset.name}.jsonl"
        study = Study(dataset, sources[dataset](asked.data), preset, Ledger(file))
        study.describe()
        for cell in cells(preset, dataset):
            if cell.model in asked.models and cell.balancer in balancers:
                try:
                    study.run(cell)
                except (BioassayError, RuntimeError, ValueError, ImportError) as error:
                    print(f"{cell.name} is left out: {error}", file=sys.stderr)
    return 0 if asked.quick or write_report(RESULTS) else 1


EVERY = ("pcba", "tox21", "muv")


def main(arguments: list[str] | None = None) -> int:
    """Run, or report; 2 where the data are absent."""
    options = parser(__doc__)
    options.add_argument("--preset", choices=list(PRESETS), default="small")
    options.add_argument("--dataset", choices=list(sources), nargs="+", help=f"default: {EVERY}")
    options.add_argument("--models", choices=MODELS, nargs="+", default=list(MODELS))
    options.add_argument("--balancers", nargs="+", help="only these, and the plain sum")
    options.add_argument("--report", action="store_true", help="write the report, run nothing")
    return ended(partial(run, options.parse_args(arguments)))


if __name__ == "__main__":
    sys.exit(main())
