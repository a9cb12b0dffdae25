"""Models of other libraries on the rows that the shipped model is compared on.

    python -m benchmarks.rivals [--quick] [--protocol NAME] [--models NAME ...] [--report]
    python -m benchmarks.rivals --protocol B-random --models chemprop --chemprop PATH

Work that the results file already holds is not repeated, so a killed run is resumed by the same
command. ``benchmarks.harness.chemprop_program`` says how to get chemprop.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial

import numpy as np

from benchmarks.harness import contenders
from benchmarks.harness.contenders import Contender, Contest, Options
from benchmarks.harness.datasets import PROTOCOLS, pcba
from benchmarks.harness.inputs import DESCRIPTION
from benchmarks.harness.ledger import RESULTS, Ledger
from benchmarks.harness.study import chemprop_options, ended, parser, show
from benchmarks.harness.tables import standings, table
from bioassay_mtl.splits import Split

MODELS: dict[str, Contender] = {
    "logistic_regression": contenders.LOGISTIC,
    "xgboost": contenders.BOOSTED,
    "random_forest": contenders.FOREST,
    "deepchem": contenders.deepchem,
    "deepchem_refit": contenders.deepchem,
    "chemprop": contenders.chemprop,
}
NETWORKS = ("deepchem", "deepchem_refit")
"""Run with several seeds."""
HOLDOUT = 0.1
INTRODUCTION = """\
# Rivals on the same rows

Made by `python -m benchmarks.rivals`; scores of each piece of work are in `rivals.jsonl`. Macro
means over assays with an active and an inactive in the test part; cells that were not measured
count nowhere. Seeds: mean and, where there are several, standard deviation. Time is that of one
thread on a shared machine, a seed. *Better*: assays with a higher AP than XGBoost. Where there are
SMILES, all but chemprop read `counts`, which on validation rows were better than `bits` for each of
them (AP of logistic regression 0.211 against 0.156, XGBoost 0.212 and 0.174, forest 0.173 and
0.172, DeepChem 0.247 and 0.200). DeepChem's network is stopped on a tenth of the training rows;
`deepchem_refit` then learns from all of them, for the median of its epochs."""


def one(name: str, data: Contest, seed: int, ledger: Ledger, options: Options) -> None:
    """A model with a seed, where that is not done and can be done."""
    read = "graph" if name == "chemprop" else "counts" if data.bits is None else "bits"
    if ledger.select(protocol=data.name, rival=name, stage="final", seed=seed):
        return
    contender = MODELS[name]
    if name == "deepchem_refit":
        done = ledger.select(protocol=data.name, rival="deepchem", stage="final")
        if not done or data.name == "B-scaffold":  # whose fit has all training rows
            return
        epochs = int(np.median([entry.notes["best_epoch"] for entry in done]))
        contender = partial(contenders.deepchem, epochs=epochs)
    key = (data.name, name, read, "final", seed, "all")
    show(contenders.contested(ledger, key, contender, data, options))


def report_of(ledger: Ledger) -> str:
    """Markdown: a table for each protocol, and the settings."""
    lines = [INTRODUCTION]
    for protocol in PROTOCOLS:
        found = standings(ledger.select(protocol=protocol, stage="final"))
        if found:
            found.sort(key=lambda each: -each.mean("ap"))
            lines += [
                "",
                f"## {protocol}",
                "",
                *table(found, "xgboost", lambda each: each.entries[0].features),
                "",
            ]
            noted = [each for each in ledger.select(protocol=protocol) if "settings" in each.notes]
            settings = {each.rival: each.notes["settings"] for each in noted}
            lines += [f"- {rival}: `{each}`" for rival, each in settings.items()]
    lines += ["", *(f"- `{name}`: {text}." for name, text in DESCRIPTION.items())]
    return "\n".join(lines) + "\n"


def run(asked: argparse.Namespace) -> None:
    """Protocol by protocol, then the table."""
    ledger = Ledger(None if asked.quick else RESULTS / "rivals.jsonl")
    options, seeds = Options(asked.chemprop, asked.quick), asked.seeds[: 1 if asked.quick else None]
    for protocol in [] if asked.report else [asked.protocol] if asked.protocol else PROTOCOLS:
        source = pcba(protocol, asked.data, HOLDOUT)
        source = source.look(4, 3000) if asked.quick else source
        parts = Split(source.fit, source.valid, source.test, len(source.panel))
        whole = source.fit if protocol == "B-scaffold" else source.train
        bits = source.bits if protocol == "A" else None  # there are no SMILES
        data = Contest(protocol, source.panel, parts, source.about, whole, bits)
        for name in asked.models:
            if name == "chemprop" and not (data.smiles and asked.chemprop):
                print(f"{protocol} chemprop is left out", file=sys.stderr)
                continue
            for seed in seeds if name in NETWORKS else seeds[:1]:
                one(name, data, seed, ledger, options)
    if not asked.quick:
        (RESULTS / "rivals.md").write_text(report_of(ledger))


def main(arguments: list[str] | None = None) -> int:
    """Run what is not done, and write the table."""
    options = parser(__doc__, "3,000 rows and 4 assays, nothing kept")
    options.add_argument("--protocol", choices=PROTOCOLS, help="default: all")
    options.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    options.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="of networks")
    options.add_argument("--report", action="store_true", help="write the report, run nothing")
    chemprop_options(options)
    return ended(partial(run, options.parse_args(arguments)))


if __name__ == "__main__":
    sys.exit(main())
