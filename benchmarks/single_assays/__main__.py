"""Panels of one assay, of about 300 to 5,000 rows: what `train` makes of them, beside a forest.

    python -m benchmarks.single_assays [--quick] [--tables NAME ...] [--cases NAME ...]

Assays of Tox21, ToxCast, MUV, PCBA, HIV and ChEMBL (as values, and as outcomes from 6 or 7 on) are
taken singly. Some molecules are what a user brings, others are held out: two of three draws by
scaffold, the rest at random; actives rarer than 3 % are made as frequent by leaving inactives away.
Only the training part of PCBA is drawn from, and of the other tables seven tenths of the molecules:
what is chosen here can be tested on the rest. Every case learns from all rows that are brought, and
features are made once for all.

Each finished run is a line of ``results/single_assays.jsonl``, and is not done again; the table is
``results/single_assays.md``. One thread. The data are looked for in ``BIOASSAY_DATA``.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmarks.report import report
from benchmarks.rivals.provenance import provenance
from benchmarks.single_assays.cases import cases
from benchmarks.single_assays.panels import N_ASSAYS, Single, singles
from benchmarks.single_assays.table import table

RESULTS = Path(__file__).resolve().parents[1] / "results"
QUICK = 3
"""Panels."""
QUICK_ROWS = 600


def scores(single: Single, found: np.ndarray) -> dict[str, float]:
    """Of the rows held out."""
    truth = single.held.labels[:, 0]
    if single.is_binary:
        return {
            "average_precision": round(float(average_precision_score(truth, found)), 4),
            "roc_auc": round(float(roc_auc_score(truth, found)), 4),
        }
    return {
        "rmse": round(float(np.sqrt(np.mean((found - truth) ** 2))), 4),
        "spearman": round(float(spearmanr(found, truth).statistic), 4),
    }


def run(single: Single, case: str) -> dict[str, Any]:
    """The result of a case on a panel."""
    start = time.process_time()
    found = cases[case](single)
    return {
        "panel": single.draw.name,
        "case": case,
        "rows": len(single.panel),
        "held": len(single.held),
        **scores(single, found),
        "cpu_seconds": round(time.process_time() - start, 1),
    }


def quick(asked: list[str]) -> Iterator[dict[str, Any]]:
    """A few small panels of Tox21."""
    small = list(singles(["tox21"], QUICK_ROWS))[:QUICK]
    yield from (run(single, case) for case in asked for single in small)


def kept_runs(
    names: list[str], asked: list[str], done: set[tuple[str, str]]
) -> Iterator[dict[str, Any]]:
    """All that is not done, table by table."""
    for name in names:
        found = list(singles([name]))
        for case in asked:
            for single in found:
                if (single.draw.name, case) not in done:
                    yield run(single, case)


def show(result: dict[str, Any]) -> None:
    """Print how good it is."""
    for metric in ("average_precision", "roc_auc", "rmse", "spearman"):
        if metric in result:
            report(f"{result['panel']} {result['case']}", metric, result[metric], "1")


def main() -> None:
    """Run what is not done, and write the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.single_assays")
    parser.add_argument("--quick", action="store_true", help="three small panels, none kept")
    parser.add_argument("--tables", nargs="+", choices=N_ASSAYS, default=list(N_ASSAYS))
    parser.add_argument("--cases", nargs="+", choices=sorted(cases), default=sorted(cases))
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.quick:
        for result in quick(asked.cases):
            show(result)
        return
    kept = RESULTS / "single_assays.jsonl"
    lines = kept.read_text().splitlines() if kept.exists() else []
    results = [each for each in map(json.loads, lines) if "panel" in each]
    done = {(each["panel"], each["case"]) for each in results}
    made_with = provenance()
    for result in kept_runs(asked.tables, asked.cases, done):
        results.append(result)
        show(result)
        with kept.open("a") as file:
            file.write(json.dumps(result | {"made_with": made_with}) + "\n")
    (RESULTS / "single_assays.md").write_text(table(results, __doc__ or ""))


if __name__ == "__main__":
    main()
