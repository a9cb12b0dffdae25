"""Compare on whole panels: ``python -m benchmarks.custom_panels --datasets tox21 --seeds 0 1 2``.

Work that is in the results file is not done again, so a killed run is resumed by the same command.
``--quick`` trains hardly at all, on made-up labels, and keeps nothing. ``--report`` writes the
table and the plot, and runs nothing.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.custom_panels import networks, ours, trees
from benchmarks.custom_panels.contender import Options, contenders
from benchmarks.custom_panels.judge import metrics_of
from benchmarks.custom_panels.panels import PANELS
from benchmarks.custom_panels.work import Comparison
from benchmarks.report import report
from benchmarks.rivals.evaluation import DataAbsentError
from benchmarks.rivals.ledger import Entry, Ledger

__all__ = ["main", "networks", "ours", "trees"]

RESULTS = Path(__file__).resolve().parents[1] / "results"
SCRATCH = Path(__file__).resolve().parents[2] / "cache" / "custom_panels"
QUICK = "rules"


def main(arguments: list[str] | None = None) -> int:
    """Do the work asked for; 2 where the data are absent."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.custom_panels",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    real = [name for name in PANELS if name != QUICK]
    parser.add_argument("--datasets", nargs="+", choices=real, default=real)
    parser.add_argument("--models", nargs="+", choices=list(contenders), help="default: all")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--chemprop", type=Path, help="the chemprop command; without it, left out")
    parser.add_argument("--data", help="folder with the tables (or BIOASSAY_DATA)")
    parser.add_argument("--report", action="store_true", help="write the report, run nothing")
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args(arguments)
    if asked.report:
        return 0 if _report() else 1
    import torch

    torch.set_num_threads(1)
    models = asked.models or [n for n in contenders if n != "chemprop" or asked.chemprop]
    if asked.quick:
        with TemporaryDirectory() as folder:
            options = Options(asked.chemprop, Path(folder), quick=True)
            _run([QUICK], models, asked.seeds[:1], Ledger(None), options, asked.data)
        return 0
    ledger = Ledger(RESULTS / "custom_panels.jsonl")
    try:
        options = Options(asked.chemprop, SCRATCH)
        _run(asked.datasets, models, asked.seeds, ledger, options, asked.data)
    except DataAbsentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _run(
    datasets: list[str],
    models: list[str],
    seeds: list[int],
    ledger: Ledger,
    options: Options,
    folder: str | None,
) -> None:
    for dataset in datasets:
        comparison = Comparison(dataset, folder, ledger, options)
        for seed in seeds:
            for model in models:
                show(comparison.run(model, seed))


def show(entry: Entry) -> None:
    """Print the means over assays, and the time."""
    case = f"{entry.protocol} {entry.rival} seed {entry.seed}"
    for metric, values in metrics_of(entry).items():
        report(case, metric, float(np.mean(values)), "1")
    if "cpu_seconds" in entry.notes:
        report(case, "cpu", entry.notes["cpu_seconds"], "s")


def _report() -> bool:
    from benchmarks.custom_panels.table import write_report

    return write_report(RESULTS)


if __name__ == "__main__":
    sys.exit(main())
