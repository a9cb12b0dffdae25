"""Shared modules: a synthetic problem with known groups, and real panels trained together.

    python -m benchmarks.muir --quick
    python -m benchmarks.muir --published
    python -m benchmarks.muir [--seeds N]

``--quick`` solves the synthetic problem (30 linear tasks in 3 groups) by the search, by random
choice, task by task and with known groups, and measures a step;
``--published`` solves it with the settings of the paper at five times their speed.

Without either, the study: panels apart, a shared trunk, adapters, exclusive experts and shared
modules, where a small panel (300 or 1,000 rows of Tox21 or HIV) has a larger one of 1,500 rows
beside it (ToxCast, PCBA), and on six panels of 1,500 rows: PCBA, Tox21, ToxCast (the 100 assays of
most actives), MUV, HIV, and 100 assays of values of ChEMBL. All read Morgan counts (1,024
positions) by two experts of three layers of 64 units, for 20 rounds, and keep the round that is
best on their own validation rows. Parts are other scaffolds; molecules of one panel's test part are
nowhere trained on. The seed draws the rows to learn from and the first weights, not the test rows.
What parts of modules are worth is asked on one mix.

Each finished run is a line of ``results/muir.jsonl`` and is not done again; the table is
``results/muir.md``, beside plots. One thread. The data are looked for in ``BIOASSAY_DATA``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from benchmarks.muir.cost import show_cost
from benchmarks.muir.plots import write_plots
from benchmarks.muir.study import Key, keep, kept, plan, run
from benchmarks.muir.synthetic import PUBLISHED, show_synthetic
from benchmarks.muir.table import table
from benchmarks.report import report
from benchmarks.rivals.provenance import provenance

RESULTS = Path(__file__).resolve().parents[1] / "results"


def main() -> None:
    """Run what is not done, and write the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.muir")
    parser.add_argument("--quick", action="store_true", help="the synthetic problem, and a step")
    parser.add_argument("--published", action="store_true", help="the synthetic problem, slowly")
    parser.add_argument("--seeds", type=int, default=3, help="0 to tabulate what is done")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.published:
        return show_synthetic(PUBLISHED, ["clean"])
    if asked.quick:
        show_synthetic()
        return show_cost()
    path = RESULTS / "muir.jsonl"
    results = kept(path)
    done = {Key(each["mix"], each["case"], each["seed"]) for each in results}
    made_with = provenance()
    for key in plan(asked.seeds):
        if key in done:
            continue
        result = run(key)
        results.append(result)
        done.add(key)
        keep(path, result | {"made_with": made_with})
        for name, scores in result["panels"].items():
            for metric, value in scores["macro"].items():
                case = f"{key.mix}, {name}, {key.case}, seed {key.seed}"
                report(case, metric, value, "1")
    (RESULTS / "muir.md").write_text(table(results, __doc__ or ""))
    write_plots(results, RESULTS)


if __name__ == "__main__":
    main()
