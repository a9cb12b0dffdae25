"""Does the mixture win? MMoEEx, plain MMoE and a shared bottom on the same terms.

    python -m benchmarks.mixture_study --protocol A [--quick] [--report]

Choices are made on validation rows cut from the training rows (20 %, equal fingerprints on one
side; the official validation part in the scaffold evaluation), with twelve trials for each model.
The chosen settings then run with three seeds on the validation rows, and, refitted on all training
rows, on the test rows. Work that is in the results file is not done again.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from functools import partial

import numpy as np

from benchmarks.harness.datasets import PROTOCOLS, Source, sources
from benchmarks.harness.ledger import RESULTS, Entry, Key, Ledger, make_entry, score_all
from benchmarks.harness.networks import Trainer, n_parameters
from benchmarks.harness.plots import LEVEL, LOST, WON, Dot, dots
from benchmarks.harness.study import ended, parser, show
from benchmarks.harness.tables import Standing, markdown, spread, standings
from benchmarks.mixture_study.cases import (
    MODELS,
    SEEDS,
    Settings,
    ablations,
    training_settings,
    trial_name,
    trials,
)

STAGES = ("tune", "seeds", "test", "ablation")
AVERAGED = "three models averaged"
COLOURS = {"shared_bottom": LEVEL, "mmoe": WON, "mmoeex": LOST}
INTRODUCTION = """\
# Does the mixture win?

Made by `python -m benchmarks.mixture_study --protocol A` (`B-random`, `B-scaffold`);
every piece of work, with its settings, is a line of `mixture_study-*.jsonl`. Macro means
over assays with an active and an inactive; unmeasured cells count nowhere. Models of one
protocol have the same inputs, about the same number of parameters, and were given the
same twelve trials each. Validation rows are cut from the training rows.
*Better*: assays of the test part with a higher AP than the shared bottom."""


class Study:
    """One protocol, and what was done before."""

    def __init__(self, protocol: str, source: Source, ledger: Ledger) -> None:
        self.protocol, self.ledger, self.trainer = protocol, ledger, Trainer(source)

    def run(self, stage: str, case: str, chosen: Settings, seed: int, n_members: int = 1) -> Entry:
        """Do one piece of work, or find it done.

        ``stage`` is ``test`` (fit on all training rows, score the test rows) or anything else (fit
        and score inside the training rows). With ``n_members``, probabilities are the mean over so
        many models of consecutive seeds.
        """
        key: Key = (self.protocol, case, "", stage, seed, "all")
        if done := self.ledger.get(key):
            return done
        source = self.trainer.source
        fit, scored = source.fit, source.valid
        if stage == "test" and source.train is not None:
            fit, scored = source.train, source.test
        given = chosen
        if chosen.get("connections", {}).get("kind") == "groups":
            given = chosen | {"connections": chosen["connections"] | {"groups": source.groups}}
        start, probabilities, size = time.perf_counter(), [], 0
        for member in range(seed, seed + n_members):
            settings = training_settings(self.protocol, given, member)
            model = self.trainer.fit(settings, np.sort(fit)).model
            probabilities.append(self.trainer.predict(model, scored))
            size += n_parameters(model)
        seconds = time.perf_counter() - start
        mean = np.mean(probabilities, axis=0)
        scores = score_all(source.panel.labels[scored], mean, source.panel.tasks)
        notes = {"settings": chosen, "parameters": size}
        return self.ledger.add(make_entry(key, scores, seconds, notes))

    def tune(self) -> Iterator[Entry]:
        """All trials of all models."""
        for model in MODELS:
            for trial in trials(model):
                yield self.run("tune", trial_name(trial), trial, 0)

    def finalists(self, stage: str) -> Iterator[Entry]:
        """The chosen settings with every seed."""
        for seed in SEEDS:
            for model in MODELS:
                yield self.run(stage, model, self.chosen(model), seed)

    def ablate(self) -> Iterator[Entry]:
        """One change at a time, and an ensemble."""
        base = self.chosen("mmoeex")
        for seed in SEEDS[:2]:
            for case, change in ablations(self.protocol).items():
                yield self.run("ablation", case, base | change, seed)
        yield self.run("ablation", AVERAGED, base, 0, n_members=3)

    def chosen(self, model: str) -> Settings:
        """Settings of the best trial by validation AP; by scaffold those of the random split."""
        ledger = self.ledger
        if self.protocol == "B-scaffold":  # fewer choices, less luck
            ledger = Ledger(RESULTS / "mixture_study-B-random.jsonl")
        done = [e for e in ledger.select(stage="tune") if e.rival.startswith(model + ":")]
        if not done:
            raise SystemExit(f"no trial of {model}: run the stage tune first")
        settings: Settings = max(done, key=lambda e: float(np.mean(e.ap))).notes["settings"]
        return settings


def run(asked: argparse.Namespace) -> None:
    """All stages, then the report."""
    if not asked.report:
        file = None if asked.quick else RESULTS / f"mixture_study-{asked.protocol}.jsonl"
        source = sources[PROTOCOLS[asked.protocol]](asked.data)
        source = source.look(16, 3000) if asked.quick else source
        study = Study(asked.protocol, source, Ledger(file))
        if asked.quick:
            for model in MODELS:
                trial = next(trials(model)) | {"epochs": 2}
                show(study.run("tune", trial_name(trial), trial, 0))
            return
        # By scaffold nothing is chosen, and the rows fitted on are those of the test stage.
        for stage in ("test",) if asked.protocol == "B-scaffold" else STAGES:
            work = {"tune": study.tune, "ablation": study.ablate}
            for entry in work.get(stage, partial(study.finalists, stage))():
                show(entry)
    write_report()


def write_report() -> None:
    """Write ``mixture_study.md`` and its picture."""
    lines, columns = [INTRODUCTION, "", "![every seed](mixture_study.png)"], {}
    for protocol in PROTOCOLS:
        file = RESULTS / f"mixture_study-{protocol}.jsonl"
        if file.is_file():
            ledger = Ledger(file)
            lines += ["", f"## {protocol}", "", *_models(ledger), *_ablation(ledger)]
            tests = [(model, ledger.select(stage="test", rival=model)) for model in MODELS]
            columns[f"{protocol}, macro AP"] = [
                Dot(model, float(np.mean(entry.ap)), 0.0, COLOURS[model])
                for model, found in tests
                for entry in found
            ]
    (RESULTS / "mixture_study.md").write_text("\n".join(lines) + "\n")
    dots(RESULTS / "mixture_study.png", columns, "test rows, every seed")


def _models(ledger: Ledger) -> list[str]:
    rows = []
    base = Standing("shared_bottom", ledger.select(stage="test", rival="shared_bottom"))
    for test in standings(ledger.select(stage="test"), MODELS):
        valid = ledger.select(stage="seeds", rival=test.model)
        size = test.entries[0].notes["parameters"] / 1e6
        scores = [spread([float(np.mean(e.metrics[m])) for e in valid]) for m in ("ap", "auc")]
        scores += [spread(test.seeds(metric)) for metric in ("ap", "auc")]
        rows.append([test.model, f"{size:.2f} M", *scores, test.better_in(base, "ap")])
    heads = ["model", "parameters", "validation AP", "AUC", "test AP", "AUC", "better"]
    return markdown(heads, rows)


def _ablation(ledger: Ledger) -> list[str]:
    rows = [
        [each.model, str(each.n_seeds), f"{each.mean('ap'):.4f}", f"{each.mean('auc'):.4f}"]
        for each in standings(ledger.select(stage="ablation"))
    ]
    if not rows:
        return []
    about = "One change at a time to the chosen MMoEEx, validation rows, mean over the seeds run"
    heads = ["change", "seeds", "AP", "AUC"]
    return ["", f"{about} (differences under 0.005 AP are noise):", "", *markdown(heads, rows)]


def main() -> int:
    """Run what is not done, then write the tables."""
    options = parser(__doc__, "a short trial of each model on 3,000 rows, no file")
    options.add_argument("--protocol", choices=PROTOCOLS, default="A")
    options.add_argument("--report", action="store_true", help="write the report, run nothing")
    return ended(partial(run, options.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
