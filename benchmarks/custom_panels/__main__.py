"""Ours with no option beside tuned rivals, by panel and size.

    python -m benchmarks.custom_panels [--minutes M] [--tables NAME ...] [--rows N ...]

Every piece of work that ends is a line of ``results/custom_panels.jsonl``, and is not done again: a
killed run is resumed, and a later one extends the table. ``--minutes`` ends it after the piece that
is under way then. The report is written, and its means printed, at the end, and by ``--report``
without running anything. ``--whole`` compares on whole panels instead, with rivals as they come:
DeepChem and chemprop among them. ``--quick`` trains hardly at all, and keeps nothing.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.custom_panels import networks, ours, trees
from benchmarks.custom_panels.contender import Options, contenders
from benchmarks.custom_panels.drawn import CONTENDERS, DrawnWork
from benchmarks.custom_panels.judge import metrics_of
from benchmarks.custom_panels.panels import PANELS
from benchmarks.custom_panels.pieces import (
    MULTI,
    SINGLES,
    Piece,
    multi_pieces,
    ordered,
    single_pieces,
)
from benchmarks.custom_panels.pools import single_tables
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
    asked = _parser().parse_args(arguments)
    if asked.report:
        return 0 if _report() else 1
    import torch

    torch.set_num_threads(1)
    ledger = Ledger(None if asked.quick else RESULTS / "custom_panels.jsonl")
    try:
        if asked.whole:
            _whole(asked, ledger)
        else:
            _drawn(asked, ledger)
    except DataAbsentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.custom_panels",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--tables", nargs="+", choices=sorted({*MULTI, *SINGLES}))
    parser.add_argument("--only", choices=["single", "several"], help="panels of so many assays")
    parser.add_argument("--rows", nargs="+", help="sizes, or whole")
    parser.add_argument("--draws", nargs="+", type=int)
    parser.add_argument("--models", nargs="+", help="contenders; default: all")
    parser.add_argument("--minutes", type=float, help="begin no piece of work after so many")
    parser.add_argument("--report", action="store_true", help="write the report, run nothing")
    parser.add_argument("--quick", action="store_true")
    whole = parser.add_argument_group("with --whole")
    real = [name for name in PANELS if name != QUICK]
    whole.add_argument("--whole", action="store_true", help="whole panels, rivals not tuned")
    whole.add_argument("--datasets", nargs="+", choices=real, default=real)
    whole.add_argument("--seeds", nargs="+", type=int, default=[0])
    whole.add_argument("--chemprop", type=Path, help="the chemprop command; without it, left out")
    whole.add_argument("--data", help="folder with the tables (or BIOASSAY_DATA)")
    return parser


def _drawn(asked: argparse.Namespace, ledger: Ledger) -> None:
    """All pieces that are asked for and not done."""
    begun = time.monotonic()
    work = DrawnWork(ledger, tuple(asked.models or CONTENDERS), asked.quick)
    for piece in _asked_pieces(asked):
        if asked.minutes is not None and time.monotonic() - begun > 60 * asked.minutes:
            break
        for entry in work.run(piece):
            show(entry)
    if not asked.quick:
        _report()


def _asked_pieces(asked: argparse.Namespace) -> list[Piece]:
    if asked.quick:
        return [Piece("tox21", "SR-p53", 300, "random")]
    singles = [] if asked.only == "several" else single_pieces(single_tables(asked.tables))
    several = [] if asked.only == "single" else list(multi_pieces())
    return [
        piece
        for piece in ordered(singles, several)
        if (not asked.tables or piece.table in asked.tables)
        and (not asked.rows or str(piece.rows or "whole") in asked.rows)
        and (not asked.draws or piece.draw in asked.draws)
    ]


def _whole(asked: argparse.Namespace, ledger: Ledger) -> None:
    models = asked.models or [n for n in contenders if n != "chemprop" or asked.chemprop]
    if asked.quick:
        with TemporaryDirectory() as folder:
            options = Options(asked.chemprop, Path(folder), quick=True)
            _run([QUICK], models, asked.seeds[:1], ledger, options, asked.data)
        return
    options = Options(asked.chemprop, SCRATCH)
    _run(asked.datasets, models, asked.seeds, ledger, options, asked.data)


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
