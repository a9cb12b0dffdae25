"""Shared modules: a synthetic problem with known groups, and real panels trained together.

    python -m benchmarks.muir --quick
    python -m benchmarks.muir [--mixes NAME ...] [--cases NAME ...] [--seeds N] [--work FOLDER]

``--quick`` solves the synthetic problem (30 linear tasks in 3 groups) by the search, by random
choice, with known groups and task by task, means over three problems, and measures a step.

Without it, the study: panels apart, a shared trunk, adapters, exclusive experts and shared modules,
on mixes of PCBA, Tox21, ToxCast, MUV, HIV and the 100 largest ChEMBL assays, and on small panels
beside large ones; budgets are equal, test parts are other scaffolds, molecules of one panel's test
part are kept out of the training of the others. Each finished run is a line of
``results/muir.jsonl`` and is not done again; the table is ``results/muir.md``. One thread. The data
are looked for in ``BIOASSAY_DATA``.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

import torch

from benchmarks.muir.cases import CASES
from benchmarks.muir.cost import show_cost
from benchmarks.muir.mixes import MIXES
from benchmarks.muir.study import keep, kept, run, runs
from benchmarks.muir.synthetic_cases import show_synthetic
from benchmarks.muir.table import table
from benchmarks.report import report
from benchmarks.rivals.provenance import provenance

RESULTS = Path(__file__).resolve().parents[1] / "results"
QUICK_PROBLEMS = 3


def main() -> None:
    """Run what is not done, and write the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.muir")
    parser.add_argument("--quick", action="store_true", help="the synthetic problem, and a step")
    parser.add_argument("--mixes", nargs="+", choices=[*MIXES], default=[*MIXES])
    parser.add_argument("--cases", nargs="+", choices=[*CASES], default=[*CASES])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rows", type=int, help="at most, of each panel: a look, not kept")
    parser.add_argument("--epochs", type=int, help="rounds: a look, not kept")
    parser.add_argument("--work", type=Path, help="folder in which interrupted runs go on")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.quick:
        show_synthetic(QUICK_PROBLEMS)
        show_cost()
        return
    is_look = asked.rows is not None or asked.epochs is not None
    path = RESULTS / "muir.jsonl"
    results = [] if is_look else kept(path)
    done = {(each["mix"], each["case"], each["seed"]) for each in results}
    one = partial(run, most=asked.rows, epochs=asked.epochs, work=asked.work)
    made_with = provenance()
    for result in runs(asked.mixes, asked.cases, asked.seeds, done, one):
        results.append(result)
        for name, scores in result["panels"].items():
            case = f"{result['mix']}, {name}, {result['case']}, seed {result['seed']}"
            for metric, value in scores["macro"].items():
                if value is not None:
                    report(case, metric, value, "1")
        if not is_look:
            keep(path, result | {"made_with": made_with})
    if not is_look and results:
        (RESULTS / "muir.md").write_text(table(results, __doc__ or ""))


if __name__ == "__main__":
    main()
