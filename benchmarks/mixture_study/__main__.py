"""Tune, compare and ablate: ``python -m benchmarks.mixture_study --protocol A [--quick]``.

Choices are made on validation rows cut from the training rows (20 %, equal fingerprints on one
side; the official validation part in the scaffold evaluation), with twelve trials for each model.
The chosen settings then run with three seeds on the validation rows, and, refitted on all training
rows, on the test rows. Work that is in the results file is not done again.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from benchmarks.mixture_study.cases import MODELS, SEEDS, Settings, ablations, trial_name, trials
from benchmarks.mixture_study.plot import write_plots
from benchmarks.mixture_study.runs import Study
from benchmarks.mixture_study.table import write_tables
from benchmarks.report import report
from benchmarks.rivals.evaluation import NAMES, DataAbsentError, find_data
from benchmarks.rivals.ledger import Entry, Ledger

RESULTS = Path(__file__).resolve().parent.parent / "results"
STAGES = ("tune", "seeds", "test", "ablation")


def main() -> int:
    """Run the stages asked for, then write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--protocol", choices=NAMES, default="A")
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=list(STAGES))
    parser.add_argument("--data", help="folder with pcba/")
    parser.add_argument("--quick", action="store_true", help="one trial of each model, no file")
    arguments = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    try:
        folder = find_data(arguments.data)
    except DataAbsentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    file = None if arguments.quick else RESULTS / f"mixture_study-{arguments.protocol}.jsonl"
    study = Study(arguments.protocol, folder, Ledger(file))
    if arguments.quick:
        for model in MODELS:
            trial = next(iter(trials(model)))
            show(study.run("tune", trial_name(trial), trial, 0))
        return 0
    for stage in arguments.stages:
        run_stage(study, stage)
    write_tables(RESULTS)
    write_plots(RESULTS)
    return 0


def run_stage(study: Study, stage: str) -> None:
    """All pieces of work of one stage."""
    if stage == "tune":
        # The scaffold evaluation uses what the random one chose: fewer choices, less luck.
        if study.protocol != "B-scaffold":
            for model in MODELS:
                for trial in trials(model):
                    show(study.run("tune", trial_name(trial), trial, 0))
        return
    chosen = {model: choose(study, model) for model in MODELS}
    if stage == "seeds" and study.protocol == "B-scaffold":
        return  # nothing is chosen here, and the rows fitted on are those of the test stage
    if stage in ("seeds", "test"):
        for seed in SEEDS:
            for model in MODELS:
                show(study.run(stage, model, chosen[model], seed))
    elif study.protocol != "B-scaffold":
        for seed in SEEDS[:2]:
            for case, change in ablations(study.protocol).items():
                show(study.run(stage, case, chosen["mmoeex"] | change, seed))
        show(study.run(stage, "three models averaged", chosen["mmoeex"], 0, n_members=3))


def choose(study: Study, model: str) -> Settings:
    """Settings of the best trial on validation macro average precision."""
    ledger = study.ledger
    if study.protocol == "B-scaffold":
        ledger = Ledger(RESULTS / "mixture_study-B-random.jsonl")
    done = [
        e for e in ledger.entries.values() if e.stage == "tune" and e.rival.startswith(model + ":")
    ]
    if not done:
        raise SystemExit(f"no trial of {model}: run the stage tune first")
    settings: Settings = max(done, key=lambda entry: float(np.mean(entry.ap))).notes["settings"]
    return settings


def show(entry: Entry) -> None:
    """Print the two macro means of a piece of work."""
    case = f"{entry.protocol} {entry.stage} {entry.rival} seed {entry.seed}"
    report(case, "macro_ap", float(np.mean(entry.ap)), "1")
    report(case, "macro_auc", float(np.mean(entry.auc)), "1")
    print(json.dumps(entry.notes), file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
