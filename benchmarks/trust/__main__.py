"""How far probabilities, spreads, intervals and selections can be trusted, on rows nobody fitted.

``python -m benchmarks.trust [--quick] [--panels NAME ...] [--data FOLDER] [--said FILE ...]``:
trains on four fifths of a panel and judges on the fifth, by a random split and by scaffolds, beside
what others offer on the same rows (:mod:`benchmarks.trust.measures`). ``--said`` is what
``benchmarks.pcba128.calibrate`` and ``student`` have kept of shipped models' settings: calibrated
here on four folds and judged on the fifth; of further files, on all folds of the first.
``--plots FILE ...`` draws what was published.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness.molecules import DataAbsentError, data_folder
from benchmarks.harness.study import begin, report
from benchmarks.trust.chemprop import of_outcomes, of_values
from benchmarks.trust.measures import RATES, false_share, outcome_scores
from benchmarks.trust.panels import QUICK, dealt, outcomes, read, values
from bioassay_mtl.confidence.calibration import LabeledLogits, expit, fit_platt
from bioassay_mtl.confidence.conformal import inactive_p_values
from bioassay_mtl.confidence.evidence import LEVELS
from bioassay_mtl.confidence.grid import ScoreCounts, places

PANELS = {
    "tox21": (outcomes, "tox21.csv.gz"),
    "chembl_censored": (values, "chembl_censored_long.csv.gz"),
}
TARGETS = {
    **{f"false_share_at_{rate:.0%}": f"<= {rate}" for rate in RATES},
    **{f"coverage_at_{level:.0%}": f">= {level}" for level in LEVELS},
}

KEPT = ("row", "task", "label", "logit", "fold")

OPTIONS: dict[str, dict[str, Any]] = {
    "--panels": {"nargs": "*", "choices": PANELS, "default": list(PANELS)},
    "--kinds": {"nargs": "+", "default": ["random", "scaffold"]},
    "--rows": {"type": int, "help": "rows of each panel that are used"},
    "--effort": {"default": "normal", "help": "as of train"},
    "--chemprop": {"type": Path, "help": "the chemprop command: judge it alone"},
    "--said": {"nargs": "+", "type": Path, "help": "what was said of rows not seen (.npz)"},
    "--seed": {"type": int, "default": 0},
    "--plots": {"nargs": "+", "type": Path, "help": "draw what was published in these files"},
}


def run(asked: argparse.Namespace) -> None:
    """Print one line of JSON for each figure."""
    if asked.plots:
        from benchmarks.trust.plots import write_plots

        return write_plots(asked.plots)
    data, rows = data_folder(), 400 if asked.quick else asked.rows
    settings = {"seed": asked.seed, "device": "cpu", "loggers": (), "effort": asked.effort}
    settings |= QUICK if asked.quick else {}
    for name in asked.panels:
        measure, file = PANELS[name]
        if not (data / file).is_file():
            raise DataAbsentError(f"{data / file} is missing (--data)")
        panel = read(data / file, measure is values, rows, asked.seed)
        for kind in asked.kinds[: 1 if asked.quick else None]:
            if asked.chemprop:
                parts = dealt(panel, kind, settings)
                rival = of_values if measure is values else of_outcomes
                found = rival(asked.chemprop, panel, parts, asked.seed)
            else:
                found = measure(panel, kind, settings)
            for metric, value in found:
                report(f"{name} {kind}", metric, value, "1", TARGETS.get(metric))
    for file in asked.said or ():
        for metric, value in out_of_sight(file, asked.said[0]):
            report(file.stem, metric, value, "1", TARGETS.get(metric))
    return None


def out_of_sight(file: Path, first: Path) -> Iterator[tuple[str, float]]:
    """A shipped model's settings: each fold judged by what was said of others."""
    with np.load(file) as held, np.load(first) as before:
        row, task, label, logit, fold = (held[key] for key in KEPT)
        row_of, task_of, label_of, logit_of, fold_of = (before[key] for key in KEPT)
    n, n_tasks, folds = len(fold), int(task_of.max()) + 1, fold[row]
    labels = np.full((n, n_tasks), -1, np.int8)
    labels[row, task] = label
    raw, said, p = (np.full((n, n_tasks), np.nan, np.float32) for _ in range(3))
    for number in np.unique(fold).tolist():
        other = fold_of[row_of] != (number if file == first else -1)
        own = folds == number
        counts = ScoreCounts.of(task_of[other], logit_of[other], label_of[other], n_tasks)
        platt = fit_platt(LabeledLogits.of_counts(counts))
        at, of, z = row[own], task[own], logit[own].astype(np.float64)
        raw[at, of] = expit(z)
        said[at, of] = expit(platt.slope[of] * z + platt.offset[of])
        p[at, of] = inactive_p_values(counts)[of, places(z)]
    for when, found in (("before", raw), ("after", said)):
        yield from outcome_scores(found, labels, when)
    shares: dict[str, list[float]] = {}
    for number in np.unique(fold).tolist():
        here = fold == number
        for name, value in false_share(p[here], labels[here]):
            shares.setdefault(name, []).append(value)
    yield from ((name, float(np.mean(found))) for name, found in shares.items())


if __name__ == "__main__":
    sys.exit(begin(__doc__, run, "few rows and a small network", OPTIONS))
