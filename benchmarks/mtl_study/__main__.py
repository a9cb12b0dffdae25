"""Compare balancers and models: ``python -m benchmarks.mtl_study --preset small --dataset pcba``.

Presets: ``quick`` (made-up labels, under a minute, no file), ``small`` (two cores, minutes to an
hour), ``full`` (a GPU). Work that is in the results file with the same settings is not done again,
so a killed run is resumed by the same command. ``--report`` writes the tables and plots.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.mtl_study.cases import MODELS, PLAIN, Cell, cells, known_balancers
from benchmarks.mtl_study.datasets import sources
from benchmarks.mtl_study.estimate import Estimate
from benchmarks.mtl_study.presets import PRESETS
from benchmarks.mtl_study.runs import Study
from benchmarks.mtl_study.table import write_report
from benchmarks.report import report
from benchmarks.rivals.evaluation import DataAbsentError
from benchmarks.rivals.ledger import Ledger
from bioassay_mtl.errors import BioassayError

RESULTS = Path(__file__).resolve().parent.parent / "results"


class OutOfTimeError(Exception):
    """The next piece of work would end after the time allowed."""


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.mtl_study",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--preset", choices=list(PRESETS), default="small")
    parser.add_argument(
        "--dataset",
        choices=list(sources),
        nargs="+",
        help="default: pcba tox21 muv (quick: rules)",
    )
    parser.add_argument("--models", choices=MODELS, nargs="+", default=list(MODELS))
    parser.add_argument("--balancers", nargs="+", help="only these, and the plain sum")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="of work, in all")
    parser.add_argument("--data", help="folder with pcba/ (or BIOASSAY_DATA)")
    parser.add_argument("--results", type=Path, help="folder; quick writes no file unasked")
    parser.add_argument("--report", action="store_true", help="write the report, run nothing")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run, or report; 0 where all that was asked for was done, 2 where the data are absent."""
    asked = parse(arguments)
    folder = asked.results or (None if asked.preset == "quick" else RESULTS)
    if asked.report:
        if write_report(asked.results or RESULTS):
            return 0
        print("mtl_study: no finished finalist to report", file=sys.stderr)
        return 1
    import torch

    torch.set_num_threads(1)
    end = time.perf_counter() + 60 * asked.minutes
    quick = asked.preset == "quick"
    for dataset in asked.dataset or (["rules"] if quick else ["pcba", "tox21", "muv"]):
        file = folder and folder / f"mtl_study-{dataset}-{asked.preset}.jsonl"
        study = Study(dataset, PRESETS[asked.preset], asked.data, Ledger(file))
        try:
            run(study, asked, end)
        except DataAbsentError as error:
            print(f"mtl_study: {error}", file=sys.stderr)
            return 2
        except OutOfTimeError:
            say("the time allowed is over; the same command goes on")
            break
    if folder is not None:
        write_report(folder)
    return 0


def run(study: Study, asked: argparse.Namespace, end: float) -> None:
    """All cells of one dataset, each from its trials to its test runs."""
    study.describe()
    estimate = Estimate(study.ledger, study.preset, len(study.data.tasks))

    def in_time(cell: Cell) -> None:
        if time.perf_counter() + estimate.seconds(cell) > end:
            raise OutOfTimeError

    study.before_work = in_time
    balancers = {PLAIN, *(asked.balancers or known_balancers())}
    wanted = [
        cell
        for cell in cells(study.preset, study.dataset)
        if cell.model in asked.models and cell.balancer in balancers
    ]
    for number, cell in enumerate(wanted):
        left = [(later, study.n_missing(later)) for later in wanted[number:]]
        if n := sum(n for _, n in left):
            say(f"{study.dataset}: {n} runs left, about {estimate.minutes(left):.0f} minutes")
        try:
            run_cell(study, cell)
        except (BioassayError, RuntimeError, ValueError, ImportError) as error:
            say(f"{cell.name} is left out: {error}")


def run_cell(study: Study, cell: Cell) -> None:
    """Tune, then test with every seed."""
    chosen = study.choose(cell)
    for seed in study.preset.seeds:
        entry = study.test(cell, chosen, seed)
        case = f"{study.dataset} {cell.name} seed {seed}"
        report(case, "macro_ap", float(np.mean(entry.ap)), "1")
        report(case, "macro_auc", float(np.mean(entry.auc)), "1")
        report(case, "training", entry.seconds, "s")


def say(text: str) -> None:
    """Tell the reader, beside the results on stdout."""
    print(f"mtl_study: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
