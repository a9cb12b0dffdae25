"""Compare balancers and models: ``python -m benchmarks.mtl_study --preset small --dataset pcba``.

``--quick`` is the preset of that name (made-up labels, under a minute, no file), ``small`` is for
two cores (minutes to an hour). Work that is in the results file is not done again, so a killed run
is resumed by the same command. ``--report`` writes the tables and plots.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.harness.datasets import NO_ROWS, Source, sources
from benchmarks.harness.ledger import RESULTS, Entry, Key, Ledger
from benchmarks.harness.networks import Trainer, n_parameters
from benchmarks.harness.provenance import provenance
from benchmarks.harness.study import REPORT, begin
from benchmarks.mtl_study import cases
from benchmarks.mtl_study.table import write_report
from bioassay_mtl.errors import BioassayError
from bioassay_mtl.models.model import Model
from bioassay_mtl.splits import Split
from bioassay_mtl.training import train
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.score import AVERAGE_PRECISION

OPTIONS: dict[str, dict[str, Any]] = {
    "--preset": {"choices": list(cases.PRESETS), "default": "small"},
    "--dataset": {"choices": list(sources), "nargs": "+", "help": f"default: {cases.EVERY}"},
    "--models": {"choices": cases.MODELS, "nargs": "+", "default": list(cases.MODELS)},
    "--balancers": {"nargs": "+", "help": "only these, and the plain sum"},
    "--report": REPORT,
}


class Study:
    """One dataset at one size, and what was done before."""

    def __init__(self, dataset: str, source: Source, preset: cases.Preset, ledger: Ledger) -> None:
        self.dataset, self.preset, self.ledger = dataset, preset, ledger
        self.source = source.compact(preset.rows)
        self.trainer = Trainer(self.source)

    def describe(self) -> None:
        """Keep what the report says of the dataset."""
        source, key = self.source, self.key("data", "", 0, "all")
        notes = {
            **source.sizes,
            "tasks": list(source.panel.tasks),
            "actives": (source.panel.labels[source.fit] == 1).sum(axis=0).tolist(),
            "preset": vars(self.preset),
            "batch_size": self.preset.batch_of(len(source.fit)),
            "made_with": provenance(),
        }
        if self.ledger.get(key) is None:
            self.ledger.add(Entry(*key, notes=notes))

    def run(self, cell: cases.Cell) -> None:
        tried = list(cases.trials(cell, self.preset))
        done = [
            self.work(self.key("tune", cell.name, 0, f"trial {number}"), cell, chosen)
            for number, chosen in enumerate(tried)
        ]
        best = max(range(len(tried)), key=lambda number: done[number].notes["valid_ap"])
        for seed in self.preset.seeds:
            self.work(self.key("test", cell.name, seed, "all"), cell, tried[best])

    def work(self, key: Key, cell: cases.Cell, chosen: cases.Settings) -> Entry:
        """One training, kept; trials are scored on validation rows alone."""
        *_, stage, seed, _ = key
        panel, test = self.source.panel, self.source.test if stage == "test" else NO_ROWS

        def trained() -> Entry:
            settings = cases.full_settings(cell, self.preset, chosen, self.source, seed)
            cpu = time.process_time()
            models = self.fit(cell, TrainingConfig.of(settings))
            cpu = time.process_time() - cpu
            curve, best = course(models)
            notes = {
                "settings": chosen,
                "preset": self.preset.size,
                "valid_ap": round(best, 5),
                "curve": [round(value, 5) for value in curve],
                "parameters": n_parameters(*models),
                "cpu_seconds": round(cpu, 2),
            }
            if stage != "test":
                return Entry(*key, notes=notes)
            # A run that diverged ranks nothing: it is scored as such, not left out.
            found = [np.nan_to_num(self.trainer.predict(model, test)) for model in models]
            guess = np.concatenate(found, axis=1)
            return Entry.scored(key, panel.labels[test], guess, panel.tasks, **notes)

        return self.ledger.once(key, trained)

    def fit(self, cell: cases.Cell, config: TrainingConfig) -> list[Model]:
        """A model, or one for each assay, of the epoch that is best on the validation rows."""
        panel, source = self.trainer.panel(config.fingerprints), self.source
        if cell.model != "single_task":
            parts = Split(source.fit, source.valid, NO_ROWS, len(panel))
            return [train(panel, config, parts=parts)]
        found = []
        for task in panel.tasks:
            one = panel.select_tasks([task])
            mine, chosen_on = (part[one.mask[part, 0]] for part in (source.fit, source.valid))
            found.append(train(one, config, parts=Split(mine, chosen_on, NO_ROWS, len(panel))))
        return found

    def key(self, stage: str, name: str, seed: int, unit: str) -> Key:
        return (self.dataset, name, self.preset.name, stage, seed, unit)


def course(models: list[Model]) -> tuple[list[float], float]:
    """Validation AP by epoch, and of the best epochs; means over the models that have some."""
    every = [[each.get(AVERAGE_PRECISION) for each in m.training["history"]] for m in models]
    curves = pd.DataFrame(every, dtype=float)
    return curves.mean().fillna(0).tolist(), float(np.nan_to_num(curves.max(axis=1).mean()))


def run(asked: argparse.Namespace) -> int:
    preset = cases.PRESETS["quick" if asked.quick else asked.preset]
    balancers = {cases.PLAIN, *(asked.balancers or cases.known_balancers())}
    usual = ["rules"] if asked.quick else cases.EVERY
    for dataset in [] if asked.report else asked.dataset or usual:
        file = None if asked.quick else RESULTS / f"mtl_study-{dataset}-{preset.name}.jsonl"
        study = Study(dataset, sources[dataset](), preset, Ledger(file))
        study.describe()
        for cell in cases.cells(preset, dataset):
            if cell.model in asked.models and cell.balancer in balancers:
                try:
                    study.run(cell)
                except (BioassayError, RuntimeError, ValueError, ImportError) as error:
                    print(f"{cell.name} is left out: {error}", file=sys.stderr)
    return 0 if asked.quick or write_report(RESULTS) else 1


if __name__ == "__main__":
    sys.exit(begin(__doc__, run, options=OPTIONS))
