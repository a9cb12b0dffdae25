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
from benchmarks.harness.contenders import FOREST, Options, d_mpnn
from benchmarks.harness.datasets import sources
from benchmarks.harness.ledger import RESULTS, Entry, Ledger
from benchmarks.harness.study import chemprop_options, ended, parser, show
from benchmarks.harness.tables import Standing, standings, table

INTRODUCTION = """\
# Fingerprints, descriptors and graphs, alone and mixed

Made by `python -m benchmarks.graph_study` (see `--help`); every piece of work, with its settings,
is a line of `graph_study.jsonl`. Networks are stopped, and the shares of a mixture's members
chosen, on validation rows; test rows are scored once. A mixture joins the networks of the same seed
that stand above it. Macro means over assays with an active and an inactive among the test rows,
mean over seeds and, after `±`, their standard deviation. `better` counts the assays in which a row
has a higher average precision (AP) than `fingerprint` has, both as means over seeds. Time is
processor time of one thread, features not included. Budget: the settings
of `fingerprint` were tuned on PCBA before, those of `GINE` and `descriptors` are a few trials on
the validation rows of the scaffold split of PCBA, those of `D-MPNN` the best of four tried on the
validation rows of Tox21's.
`chemprop` and `DeepChem D-MPNN` have their defaults and 25 epochs; `chemprop tuned` has the best of
four settings by the validation rows of the first seed; `chemprop fast` is the one of the four that
did best on the validation rows of Tox21's scaffold split. Rows in italics are those of `rivals.md`,
whose test rows are the same; those to fit on and to choose are too in `pcba_scaffold`, and in
`pcba` they had more to fit on, up to all 34,358. On MUV the defaults of chemprop are in
`custom_panels.md`. No GPU was to be had, so the budget is small: often one seed of what takes a
quarter of an hour or more (chemprop, DeepChem and GINE on PCBA and MUV), 10,000 training rows of
MUV with all its actives, no tuning of DeepChem, and chemprop tuned on Tox21 alone. Its wall time
is that of a busy machine."""
SAME_ROWS = {"pcba": "B-random", "pcba_scaffold": "B-scaffold"}
"""Protocols of ``benchmarks.rivals`` with the test rows of a dataset of this study."""


def write_report(results: Path) -> bool:
    """Write ``graph_study.md``; False where there is nothing to tell."""
    ledger, lines = Ledger(results / "graph_study.jsonl"), [INTRODUCTION]
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
    said += [f"chosen: {notes['chosen']}" if "chosen" in notes else ""]
    return "; ".join(filter(None, said))


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
