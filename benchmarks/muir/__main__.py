"""Shared modules: a synthetic problem with known groups, and real panels trained together.

    python -m benchmarks.muir --quick
    python -m benchmarks.muir --published
    python -m benchmarks.muir [--seeds N]

``--quick`` solves the synthetic problem; ``--published`` solves it with the paper's settings at
five times their speed. Each finished run of the study (``about.md``) is a line of
``results/muir.jsonl`` and is not done again; the table is ``results/muir.md``, beside a plot.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from benchmarks.harness.ledger import RESULTS, go_on
from benchmarks.harness.study import begin, report
from benchmarks.harness.tables import prose
from benchmarks.muir.study import Key, plan, run
from benchmarks.muir.synthetic import PUBLISHED, show_synthetic
from benchmarks.muir.table import table, write_plot

SEEDS = 3
OPTIONS: dict[str, dict[str, Any]] = {
    "--published": {"action": "store_true", "help": "the synthetic problem, slowly"},
    "--seeds": {"type": int, "default": SEEDS, "help": "0 to tabulate what is done"},
}


def asked_for(asked: argparse.Namespace) -> None:
    """Run what is not done, and write the table and the plots; or something else."""
    if asked.published:
        show_synthetic(PUBLISHED, ["clean"])
    elif asked.quick:
        show_synthetic()
    else:
        results = go_on(RESULTS / "muir.jsonl", plan(asked.seeds), Key.of, shown)
        done_of_all = f"{len(results)} of {len({*plan(SEEDS)})} runs are done."
        (RESULTS / "muir.md").write_text(table(results, f"{prose(__file__)}\n\n{done_of_all}"))
        write_plot(results, RESULTS)


def shown(key: Key) -> dict[str, Any]:
    """A run, of which the means of each panel are printed."""
    result = run(key)
    for name, scores in result["panels"].items():
        for metric, value in scores["macro"].items():
            report(f"{key.mix}, {name}, {key.case}, seed {key.seed}", metric, value, "1")
    return result


if __name__ == "__main__":
    sys.exit(begin(__doc__, asked_for, "the synthetic problem", OPTIONS))
