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
from typing import Any

import numpy as np

from benchmarks.harness import contenders
from benchmarks.harness.chemprop_program import chemprop
from benchmarks.harness.contenders import Contender, Options
from benchmarks.harness.datasets import PROTOCOLS, Source, pcba
from benchmarks.harness.deepchem_networks import deepchem
from benchmarks.harness.ledger import RESULTS, Ledger
from benchmarks.harness.study import CHEMPROP, REPORT, begin
from benchmarks.harness.tables import prose, standings, table

MODELS: dict[str, Contender] = {
    "logistic_regression": contenders.LOGISTIC,
    "xgboost": contenders.BOOSTED,
    "random_forest": contenders.FOREST,
    "deepchem": deepchem,
    "deepchem_refit": deepchem,
    "chemprop": chemprop,
}
NETWORKS = ("deepchem", "deepchem_refit")
"""Run with several seeds."""
HOLDOUT = 0.1
READ = {
    "bits": "1,024 Morgan bits, radius 2",
    "counts": "4,096 log2(1 + count) Morgan radius 2 + 2,048 log2(1 + count) topological torsions",
    "graph": "atom and bond graph, chemprop's default featurizer",
}


def one(name: str, data: Source, seed: int, ledger: Ledger, options: Options) -> None:
    """A model with a seed, where that is not done and can be done."""
    read = "graph" if name == "chemprop" else "counts" if data.smiles else "bits"
    if ledger.select(protocol=data.name, rival=name, stage="final", seed=seed):
        return
    contender = MODELS[name]
    if name == "deepchem_refit":
        done = ledger.select(protocol=data.name, rival="deepchem", stage="final")
        if not done or data.name == "B-scaffold":  # whose fit has all training rows
            return
        epochs = int(np.median([entry.notes["best_epoch"] for entry in done]))
        contender = partial(deepchem, epochs=epochs)
    contenders.contested(
        ledger, (data.name, name, read, "final", seed, "all"), contender, data, options
    )


def report_of(ledger: Ledger) -> str:
    lines = [prose(__file__, "rivals")]
    for protocol in PROTOCOLS:
        found = standings(ledger.select(protocol=protocol, stage="final"))
        found.sort(key=lambda each: -each.mean("ap"))
        if found:
            rows = table(found, "xgboost", lambda each: each.entries[0].features)
            lines += ["", f"## {protocol}", "", *rows, ""]
            noted = [each for each in ledger.select(protocol=protocol) if "settings" in each.notes]
            settings = {each.rival: each.notes["settings"] for each in noted}
            lines += [f"- {rival}: `{each}`" for rival, each in settings.items()]
    lines += ["", *(f"- `{name}`: {text}." for name, text in READ.items())]
    return "\n".join(lines) + "\n"


def run(asked: argparse.Namespace) -> None:
    ledger = Ledger(None if asked.quick else RESULTS / "rivals.jsonl")
    options, seeds = Options(asked.chemprop, asked.quick), asked.seeds[: 1 if asked.quick else None]
    for protocol in [] if asked.report else [asked.protocol] if asked.protocol else PROTOCOLS:
        source = pcba(protocol, HOLDOUT)
        source = source.look(4, 3000) if asked.quick else source
        for name in asked.models:
            if name == "chemprop" and not (source.smiles and asked.chemprop):
                print(f"{protocol} chemprop is left out", file=sys.stderr)
                continue
            for seed in seeds if name in NETWORKS else seeds[:1]:
                one(name, source, seed, ledger, options)
    if not asked.quick:
        (RESULTS / "rivals.md").write_text(report_of(ledger))


def main(arguments: list[str] | None = None) -> int:
    options: dict[str, dict[str, Any]] = {
        "--protocol": {"choices": PROTOCOLS, "help": "default: all"},
        "--models": {"nargs": "+", "choices": MODELS, "default": list(MODELS)},
        "--seeds": {"type": int, "nargs": "+", "default": [0, 1, 2], "help": "of networks"},
        "--report": REPORT,
        "--chemprop": CHEMPROP,
    }
    return begin(__doc__, run, "3,000 rows and 4 assays, nothing kept", options, arguments)


if __name__ == "__main__":
    sys.exit(main())
