"""Compare what experts read: ``python -m benchmarks.graph_study --dataset tox21 --seeds 0 1 2``.

Work that is in the results file is not done again, so a killed run is resumed by the same command.
``--quick`` trains on 300 molecules of Tox21, and keeps nothing.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.graph_study import rivals
from benchmarks.graph_study.cases import MIXTURES, MODELS
from benchmarks.graph_study.runs import Study
from benchmarks.graph_study.table import write_report
from benchmarks.mtl_study.datasets import sources
from benchmarks.report import report
from benchmarks.rivals.evaluation import DataAbsentError
from benchmarks.rivals.ledger import Entry, Ledger

HERE = Path(__file__).resolve().parent
RESULTS = HERE.parent / "results"
CACHE = HERE.parents[1] / "cache" / "graph_study"
NAMES = (
    *MODELS,
    *MIXTURES,
    "random forest",
    "DeepChem D-MPNN",
    "chemprop",
    "chemprop tuned",
    *(f"chemprop {trial}" for trial in rivals.TRIALS if trial != "default"),
)


def main() -> int:
    """Do the work asked for, then write the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    known = [name for name in sources if name.removesuffix("_scaffold") in ("pcba", "tox21", "muv")]
    parser.add_argument("--dataset", nargs="+", choices=known, default=["pcba_scaffold"])
    parser.add_argument("--models", nargs="+", choices=NAMES, default=[*MODELS, *MIXTURES])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--rows", type=int, help="fit on at most so many rows")
    parser.add_argument("--chemprop", type=Path, help="the chemprop command, for its rows")
    parser.add_argument("--data", help="folder with pcba/ (or BIOASSAY_DATA)")
    parser.add_argument("--report", action="store_true", help="write the report, run nothing")
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    if arguments.report:
        return 0 if write_report(RESULTS) else 1
    try:
        if arguments.quick:
            with TemporaryDirectory() as folder:
                run("tox21", ["fingerprint"], [0], 300, arguments, Ledger(None), Path(folder))
            return 0
        ledger = Ledger(RESULTS / "graph_study.jsonl")
        for dataset in arguments.dataset:
            chosen = arguments.models, arguments.seeds, arguments.rows
            run(dataset, *chosen, arguments, ledger, CACHE)
    except DataAbsentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    write_report(RESULTS)
    return 0


def run(
    dataset: str,
    models: list[str],
    seeds: list[int],
    rows: int | None,
    arguments: argparse.Namespace,
    ledger: Ledger,
    cache: Path,
) -> None:
    """All models with all seeds on one dataset."""
    study = Study(dataset, arguments.data, rows, ledger, cache)
    for seed in seeds:
        for name in models:
            if name in MODELS:
                entry = study.network(name, seed)
            elif name in MIXTURES:
                entry = study.mixture(name, seed)
            elif name == "random forest":
                entry = rivals.forest(study, seed)
            elif name == "DeepChem D-MPNN":
                entry = rivals.d_mpnn(study, seed)
            elif not arguments.chemprop:
                raise SystemExit("chemprop runs as a program of its own: give --chemprop")
            elif name == "chemprop":
                entry = rivals.chemprop(study, seed, arguments.chemprop)
            elif name == "chemprop tuned":
                entry = rivals.tuned_chemprop(study, seed, seeds, arguments.chemprop)
            else:
                trial = name.removeprefix("chemprop ")
                entry = rivals.chosen_chemprop(study, seed, trial, arguments.chemprop)
            show(entry)


def show(entry: Entry) -> None:
    """Print the macro means, and how fast it learnt."""
    case = f"{entry.protocol} {entry.rival} seed {entry.seed}"
    report(case, "macro_ap", float(np.mean(entry.ap)), "1")
    report(case, "macro_auc", float(np.mean(entry.auc)), "1")
    if "molecules_per_second" in entry.notes:
        report(case, "training_rate", entry.notes["molecules_per_second"], "molecules/s")


if __name__ == "__main__":
    sys.exit(main())
