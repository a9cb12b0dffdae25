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
from typing import Any

import numpy as np

from benchmarks.harness.datasets import PROTOCOLS, Source, sources
from benchmarks.harness.ledger import RESULTS, Entry, Key, Ledger
from benchmarks.harness.networks import Trainer, n_parameters
from benchmarks.harness.study import REPORT, begin
from benchmarks.harness.tables import Standing, markdown, prose, spread, standings
from benchmarks.mixture_study import cases

AVERAGED = "three models averaged"
OPTIONS = {"--protocol": {"choices": PROTOCOLS, "default": "A"}, "--report": REPORT}


class Study:
    """One protocol, and what was done before."""

    def __init__(self, protocol: str, source: Source, ledger: Ledger) -> None:
        self.protocol, self.ledger, self.trainer = protocol, ledger, Trainer(source)

    def run(self, stage: str, case: str, chosen: Any, seed: int, n_members: int = 1) -> None:
        """Do one piece of work, unless it is done.

        ``stage`` is ``test`` (fit on all training rows, score the test rows) or anything else (fit
        and score inside the training rows). With ``n_members``, probabilities are the mean over so
        many models of consecutive seeds.
        """
        key: Key = (self.protocol, case, "", stage, seed, "all")
        source = self.trainer.source
        fit, scored = source.fit, source.valid
        if stage == "test" and source.train is not None:
            fit, scored = source.train, source.test
        given = chosen
        if chosen.get("connections", {}).get("kind") == "groups":
            given = chosen | {"connections": chosen["connections"] | {"groups": source.groups}}

        def work() -> Entry:
            seeds = range(seed, seed + n_members)
            each = [cases.training_settings(self.protocol, given, number) for number in seeds]
            models = [self.trainer.fit(settings, np.sort(fit)) for settings in each]
            mean = np.mean([self.trainer.predict(model, scored) for model in models], axis=0)
            notes = {"settings": chosen, "parameters": n_parameters(*models)}
            panel = source.panel
            return Entry.scored(key, panel.labels[scored], mean, panel.tasks, **notes)

        self.ledger.once(key, work)

    def all(self) -> None:
        """Trials of all models, the chosen settings with every seed, then one change at a time.

        By scaffold nothing is chosen, and the rows fitted on are those of the test.
        """
        if by_scaffold := self.protocol == "B-scaffold":
            chosen_on = Ledger(RESULTS / "mixture_study-B-random.jsonl")  # less choices, less luck
        else:
            chosen_on = self.ledger
            for model in cases.MODELS:
                for trial in cases.trials(model):
                    self.run("tune", cases.trial_name(trial), trial, 0)
        best = {model: chosen(chosen_on, model) for model in cases.MODELS}
        for stage in ("test",) if by_scaffold else ("seeds", "test"):
            for seed in cases.SEEDS:
                for model in cases.MODELS:
                    self.run(stage, model, best[model], seed)
        if not by_scaffold:
            for seed in cases.SEEDS[:2]:
                for case, change in cases.ablations(self.protocol).items():
                    self.run("ablation", case, best["mmoeex"] | change, seed)
            self.run("ablation", AVERAGED, best["mmoeex"], 0, n_members=3)


def chosen(ledger: Ledger, model: str) -> Any:
    """Settings of the best trial by validation AP."""
    done = [e for e in ledger.select(stage="tune") if e.rival.startswith(model + ":")]
    if not done:
        raise SystemExit(f"no trial of {model}: run --protocol B-random first")
    return max(done, key=lambda e: float(np.mean(e.ap))).notes["settings"]


def run(asked: argparse.Namespace) -> None:
    source = None if asked.report else sources[PROTOCOLS[asked.protocol]]()
    if source and asked.quick:
        study = Study(asked.protocol, source.look(16, 3000), Ledger(None))
        for model in cases.MODELS:
            trial = next(cases.trials(model)) | {"epochs": 2}
            study.run("tune", cases.trial_name(trial), trial, 0)
        return
    if source:
        file = RESULTS / f"mixture_study-{asked.protocol}.jsonl"
        Study(asked.protocol, source, Ledger(file)).all()
    write_report()


def write_report() -> None:
    lines = [prose(__file__)]
    for protocol in PROTOCOLS:
        file = RESULTS / f"mixture_study-{protocol}.jsonl"
        if file.is_file():
            ledger = Ledger(file)
            lines += ["", f"## {protocol}", "", *_models(ledger), *_ablation(ledger)]
    (RESULTS / "mixture_study.md").write_text("\n".join(lines) + "\n")


def _models(ledger: Ledger) -> list[str]:
    rows = []
    base = Standing("shared_bottom", ledger.select(stage="test", rival="shared_bottom"))
    for test in standings(ledger.select(stage="test"), cases.MODELS):
        valid = Standing(test.model, ledger.select(stage="seeds", rival=test.model))
        size = test.entries[0].notes["parameters"] / 1e6
        scores = [spread(of.seeds(metric)) for of in (valid, test) for metric in ("ap", "auc")]
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


if __name__ == "__main__":
    quick = "a short trial of each model on 3,000 rows, no file"
    sys.exit(begin(__doc__, run, quick, OPTIONS))
