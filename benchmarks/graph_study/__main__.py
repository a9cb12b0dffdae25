"""Compare what experts read: ``python -m benchmarks.graph_study --dataset tox21 --seeds 0 1 2``.

Work that is in the results file is not done again, so a killed run is resumed by the same command.
``--quick`` trains on 300 molecules of Tox21, and keeps nothing.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.graph_study.cases import MIXTURES, MODELS
from benchmarks.graph_study.study import RIVALS, Study
from benchmarks.harness.datasets import sources
from benchmarks.harness.ledger import RESULTS, Ledger
from benchmarks.harness.study import CHEMPROP, REPORT, begin
from benchmarks.harness.tables import Standing, prose, standings, table

SAME_ROWS = {"pcba": "B-random", "pcba_scaffold": "B-scaffold"}
"""Protocols of ``benchmarks.rivals`` with the test rows of a dataset of this study."""
KNOWN = [name for name in sources if name.removesuffix("_scaffold") in ("pcba", "tox21", "muv")]
NETWORKS = [*MODELS, *MIXTURES]
OPTIONS: dict[str, dict[str, Any]] = {
    "--dataset": {"nargs": "+", "choices": KNOWN, "default": ["pcba_scaffold"]},
    "--models": {"nargs": "+", "choices": [*NETWORKS, *RIVALS], "default": NETWORKS},
    "--seeds": {"nargs": "+", "type": int, "default": [0]},
    "--rows": {"type": int, "help": "fit on at most so many rows"},
    "--report": REPORT,
    "--chemprop": CHEMPROP,
}


def write_report(results: Path) -> bool:
    """Write ``graph_study.md``; False where there is nothing to tell."""
    ledger, lines = Ledger(results / "graph_study.jsonl"), [prose(__file__)]
    elsewhere = Ledger(results / "rivals.jsonl")
    tests = ledger.select(stage="test")
    for dataset, rows in dict.fromkeys((each.protocol, each.features) for each in tests):
        found = standings(ledger.select(stage="test", protocol=dataset, features=rows))
        if rows == "all" and dataset in SAME_ROWS:
            others = standings(elsewhere.select(stage="final", protocol=SAME_ROWS[dataset]))
            found += [Standing(f"*{each.model}*", each.entries) for each in others]
        notes, part = found[0].entries[0].notes, "" if rows == "all" else " (a part)"
        about = f"{notes['about']}; {notes['fit']:,} rows fitted on{part}, {notes['valid']:,} to "
        about += f"choose, {notes['test']:,} of test. {notes['made_with']['machine']}."
        lines += ["", f"## {dataset}", "", about, "", *table(found, "fingerprint", _remark)]
    (results / "graph_study.md").write_text("\n".join(lines) + "\n")
    return bool(tests)


def _remark(standing: Standing) -> str:
    notes = standing.entries[0].notes
    shares = notes.get("settings", {}).get("shares")
    said = [f"shares {shares}; time without members" if shares else ""]
    said += [f"{notes['parameters'] / 1e6:.1f} M weights" if "parameters" in notes else ""]
    return "; ".join(filter(None, said))


def run(asked: argparse.Namespace) -> int:
    if asked.quick:
        with TemporaryDirectory() as folder:
            Study("tox21", 300, Ledger(None), Path(folder)).entry("fingerprint", 0)
        return 0
    ledger = Ledger(RESULTS / "graph_study.jsonl")
    for dataset in [] if asked.report else asked.dataset:
        study = Study(dataset, asked.rows, ledger, chemprop=asked.chemprop)
        for seed in asked.seeds:
            for name in asked.models:
                study.entry(name, seed)
    return 0 if write_report(RESULTS) else 1


if __name__ == "__main__":
    sys.exit(begin(__doc__, run, options=OPTIONS))
