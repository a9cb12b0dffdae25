"""Shared modules: a synthetic problem with known groups, and real panels trained together.

    python -m benchmarks.muir --quick
    python -m benchmarks.muir --published
    python -m benchmarks.muir --cost
    python -m benchmarks.muir [--seeds N]

``--quick`` solves the synthetic problem (30 linear tasks in 3 groups) by the search, by random
choice, task by task and with known groups; ``--published`` solves it with the settings of the paper
at five times their speed. ``--cost`` measures a step of panels that share modules.

Without these, the study: panels apart, a shared trunk, adapters, exclusive experts and shared
modules, where a small panel (300 or 1,000 rows of Tox21 or HIV) has a larger one of 1,500 rows
beside it (ToxCast, PCBA), and on six panels of 1,500 rows: PCBA, Tox21, ToxCast (the 100 assays of
most actives), MUV, HIV, and 100 assays of values of ChEMBL. All read Morgan counts (1,024
positions) by two experts of three layers of 64 units, for 20 rounds, and keep the round that is
best on their own validation rows. Parts are other scaffolds; molecules of one panel's test part are
nowhere trained on. The seed draws the rows to learn from and the first weights, not the test rows.
What parts of modules are worth is asked on one mix; which layers, on the same one with towers of a
hidden layer.

Each finished run is a line of ``results/muir.jsonl`` and is not done again; the table is
``results/muir.md``, beside plots. One thread. The data are looked for in ``BIOASSAY_DATA``.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from benchmarks.harness.ledger import RESULTS, go_on
from benchmarks.harness.provenance import provenance
from benchmarks.harness.study import ended, parser, report
from benchmarks.muir.cost import show_cost
from benchmarks.muir.study import Key, plan, run
from benchmarks.muir.synthetic import PUBLISHED, show_synthetic
from benchmarks.muir.table import table, write_plots

SEEDS = 3


def main() -> int:
    """Run what is asked for."""
    found = parser(__doc__, "the synthetic problem")
    found.add_argument("--cost", action="store_true", help="time and memory of a step")
    found.add_argument("--published", action="store_true", help="the synthetic problem, slowly")
    found.add_argument("--seeds", type=int, default=SEEDS, help="0 to tabulate what is done")
    asked = found.parse_args()
    if asked.data:
        os.environ["BIOASSAY_DATA"] = asked.data
    if asked.published:
        return ended(lambda: show_synthetic(PUBLISHED, ["clean"]))
    if asked.cost:
        return ended(show_cost)
    if asked.quick:
        return ended(show_synthetic)
    return ended(lambda: study(asked.seeds))


def study(seeds: int) -> None:
    """Run what is not done, and write the table and the plots."""
    made_with = provenance()

    def work(key: Key) -> dict[str, Any]:
        result = run(key)
        show(result)
        return result | {"made_with": made_with}

    results = go_on(RESULTS / "muir.jsonl", plan(seeds), Key.of, work)
    done_of_all = f"{len(results)} of {len({*plan(SEEDS)})} runs are done."
    (RESULTS / "muir.md").write_text(table(results, f"{__doc__}\n{done_of_all}"))
    write_plots(results, RESULTS)


def show(result: dict[str, Any]) -> None:
    """Print the means of each panel."""
    for name, scores in result["panels"].items():
        case = f"{result['mix']}, {name}, {result['case']}, seed {result['seed']}"
        for metric, value in scores["macro"].items():
            report(case, metric, value, "1")


if __name__ == "__main__":
    sys.exit(main())
