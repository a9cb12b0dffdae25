"""Compare what experts read: ``python -m benchmarks.graph_study --dataset tox21 --seeds 0 1 2``.

Work that is in the results file is not done again, so a killed run is resumed by the same command.
``--quick`` trains on 300 molecules of Tox21, and keeps nothing.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.graph_study.cases import MIXTURES, MODELS, TRIALS
from benchmarks.graph_study.study import Study
from benchmarks.graph_study.table import write_report
from benchmarks.harness.contenders import FOREST, Options, d_mpnn
from benchmarks.harness.datasets import sources
from benchmarks.harness.ledger import RESULTS, Entry, Ledger
from benchmarks.harness.study import chemprop_options, ended, parser, show

KNOWN = [name for name in sources if name.removesuffix("_scaffold") in ("pcba", "tox21", "muv")]
FAST = [f"chemprop {trial}" for trial in TRIALS if trial != "default"]
RIVALS = ("random forest", "DeepChem D-MPNN", "chemprop", "chemprop tuned", *FAST)
NAMES = (*MODELS, *MIXTURES, *RIVALS)


def main() -> int:
    """Do the work asked for, then write the report."""
    options = parser(__doc__)
    options.add_argument("--dataset", nargs="+", choices=KNOWN, default=["pcba_scaffold"])
    options.add_argument("--models", nargs="+", choices=NAMES, default=[*MODELS, *MIXTURES])
    options.add_argument("--seeds", nargs="+", type=int, default=[0])
    options.add_argument("--rows", type=int, help="fit on at most so many rows")
    options.add_argument("--report", action="store_true", help="write the report, run nothing")
    chemprop_options(options)
    return ended(partial(run, options.parse_args()))


def run(asked: argparse.Namespace) -> int:
    """All models with all seeds on all datasets."""
    if asked.quick:
        with TemporaryDirectory() as folder:
            study = Study("tox21", asked.data, 300, Ledger(None), Path(folder))
            show(study.network("fingerprint", 0))
        return 0
    ledger = Ledger(RESULTS / "graph_study.jsonl")
    for dataset in [] if asked.report else asked.dataset:
        options = Options(asked.chemprop)
        study = Study(dataset, asked.data, asked.rows, ledger, options=options)
        for seed in asked.seeds:
            for name in asked.models:
                show(one(study, name, seed, asked))
    return 0 if write_report(RESULTS) else 1


def one(study: Study, name: str, seed: int, asked: argparse.Namespace) -> Entry:
    """A piece of work by its name."""
    if name in MODELS:
        return study.network(name, seed)
    if name in MIXTURES:
        return study.mixture(name, seed)
    if name == "random forest":
        return study.rival(name, seed, FOREST)
    if name == "DeepChem D-MPNN":
        return study.rival(name, seed, d_mpnn)
    if name == "chemprop":
        return study.chemprop(seed)
    trial = name.removeprefix("chemprop ")
    tried = [*TRIALS] if trial == "tuned" else [trial]
    return study.chosen_chemprop(name, seed, tried, min(asked.seeds))


if __name__ == "__main__":
    sys.exit(main())
