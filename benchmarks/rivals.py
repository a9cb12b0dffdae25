"""Models of other libraries on the rows that networks of this package are compared on.

    python -m benchmarks.rivals [--quick] [--protocol NAME] [--models NAME ...] [--report]
    python -m benchmarks.rivals --protocol B-random --models chemprop --chemprop PATH

On PCBA they stand beside the shipped model's settings, which ``benchmarks.mixture_study`` fits; on
whole panels of others beside what ``train`` makes, with no option and as a network alone
(``--effort quick``). Work that the results file already holds is not repeated, so a killed run is
resumed by the same command.
``benchmarks.harness.chemprop_program`` says how to get chemprop.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from benchmarks.harness import contenders
from benchmarks.harness.chemprop_program import chemprop
from benchmarks.harness.contenders import Contender, Options, Outcome
from benchmarks.harness.datasets import NO_ROWS, PROTOCOLS, Source, pcba, sources
from benchmarks.harness.deepchem_networks import deepchem
from benchmarks.harness.ledger import RESULTS, Ledger
from benchmarks.harness.networks import n_parameters
from benchmarks.harness.study import CHEMPROP, REPORT, begin
from benchmarks.harness.tables import prose, sign_of, standings, table
from bioassay_mtl.chem.features import Features
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.nn.architectures.stacked import StackedConfig
from bioassay_mtl.splits import Split
from bioassay_mtl.training import train
from bioassay_mtl.training.defaults import settled
from bioassay_mtl.training.ensemble import train_ensemble


def all_rows(data: Source) -> Split:
    """Parts of which none is stopped on."""
    return Split(data.known, NO_ROWS, data.test, len(data.panel))


def own(
    data: Source,
    seed: int,
    options: Options,
    members: int = 1,
    stops: bool = True,
    effort: str = "quick",
) -> Outcome:
    """What ``train`` makes of the rows that are known, or an ensemble, no two with a shared member.

    With more effort, folds that judge are in place of rows to stop on, where the panel is small.
    """
    given: dict[str, Any] = {"seed": members * seed, "device": "cpu", "effort": effort}
    given |= {"epochs": 1, "effort": "quick"} if options.quick else {}
    config = settled(given, data.panel.take(data.known))[0]
    features = panel_features(data.panel, config.featurizer())
    parts = (
        data.parts if stops and not isinstance(config.network, StackedConfig) else all_rows(data)
    )
    cpu, how = time.process_time(), dict[str, Any](parts=parts, features=features)
    if members > 1:
        model = train_ensemble(data.panel, config, members, **how)
    else:
        model = train(data.panel, config, **how)
    read = {name: features.blocks[name] for name in model.featurizer.fingerprints}
    test = model.predict_features(Features(read, features.status).take(data.test))
    notes = {"cpu_seconds": round(time.process_time() - cpu, 1)}
    notes |= {"parameters": n_parameters(model), "best_epoch": model.training["best_epoch"]}
    return Outcome(test, model.training["config"], notes)


OURS = "bioassay_mtl"
ON_PCBA: dict[str, Contender] = {
    "logistic_regression": contenders.LOGISTIC,
    "xgboost": contenders.BOOSTED,
    "random_forest": contenders.FOREST,
    "deepchem": deepchem,
    "deepchem_refit": deepchem,
    "chemprop": chemprop,
}
ON_PANELS: dict[str, Contender] = {
    f"{OURS}, no option": partial(own, effort="normal"),
    OURS: own,
    f"{OURS}, all rows": partial(own, stops=False),
    f"{OURS}, 5 seeds": partial(own, members=5),
    "random_forest": contenders.WHOLE_FOREST,
    **{name: ON_PCBA[name] for name in ("xgboost", "deepchem", "chemprop")},
}
PANELS: dict[str, tuple[str, int | None]] = {
    "tox21": ("tox21_scaffold", None),
    "chembl100": ("chembl100", None),
    "hiv": ("hiv_scaffold", 10_000),
    "muv": ("muv_scaffold", 10_000),
}
"""Source of a whole panel, and the most rows that are fitted on."""
EVERY = (*PROTOCOLS, *PANELS)
NETWORKS = ("deepchem", "deepchem_refit")
"""Run with several seeds on PCBA, too."""
HOLDOUT = 0.1
READ = {
    "bits": "1,024 Morgan bits, radius 2",
    "counts": "4,096 log2(1 + count) Morgan radius 2 + 2,048 log2(1 + count) topological torsions",
    "graph": "atom and bond graph, chemprop's default featurizer",
    "own": "what `train` chooses for the panel",
}


def source_of(protocol: str) -> Source:
    if protocol in PROTOCOLS:
        return pcba(protocol, HOLDOUT)
    name, rows = PANELS[protocol]
    return replace(sources[name]().compact(rows), name=protocol)


def one(name: str, data: Source, seed: int, ledger: Ledger, options: Options) -> None:
    """A model with a seed, where that is not done and can be done."""
    read = "graph" if name == "chemprop" else "counts" if data.smiles else "bits"
    read = "own" if name.startswith(OURS) else read
    if ledger.select(protocol=data.name, rival=name, stage="final", seed=seed):
        return
    contender = (ON_PCBA if data.name in PROTOCOLS else ON_PANELS)[name]
    if name == "deepchem_refit":
        done = ledger.select(protocol=data.name, rival="deepchem", stage="final")
        if not done or data.name == "B-scaffold":  # whose fit has all training rows
            return
        epochs = int(np.median([entry.notes["best_epoch"] for entry in done]))
        contender = partial(deepchem, epochs=epochs)
    if read == "counts":
        data.matrix  # noqa: B018 (made before the time is taken)
    contenders.contested(
        ledger, (data.name, name, read, "final", seed, "all"), contender, data, options
    )


def report_of(ledger: Ledger) -> str:
    lines = [prose(__file__, "rivals")]
    for protocol in EVERY:
        done = ledger.select(protocol=protocol)
        found = standings(each for each in done if each.stage == "final")
        if not found:
            continue
        metric, base = next(iter(found[0].entries[0].metrics)), "xgboost"
        found.sort(key=lambda each: -sign_of(metric) * each.mean(metric))
        lines += ["", f"## {protocol}", ""]
        if protocol in PANELS:
            base, about = OURS, done[0].notes
            said = f"{about['about']}; {about['assays']} assays, {about['fit']:,} rows fitted on, "
            lines += [f"{said}{about['valid']:,} to stop on, {about['test']:,} of test.", ""]
        lines += table(found, base, lambda each: each.entries[0].features)
    noted = [each for each in ledger.entries.values() if each.protocol in PROTOCOLS]
    settings = {e.rival: e.notes["settings"] for e in noted if "settings" in e.notes}
    lines += ["", "## Settings", "", *(f"- {name}: `{how}`" for name, how in settings.items())]
    lines += ["", *(f"- `{name}`: {text}." for name, text in READ.items())]
    return "\n".join(lines) + "\n"


def run(asked: argparse.Namespace) -> None:
    ledger = Ledger(None if asked.quick else RESULTS / "rivals.jsonl")
    options, seeds = Options(asked.chemprop, asked.quick), asked.seeds[: 1 if asked.quick else None]
    for protocol in [] if asked.report else [asked.protocol] if asked.protocol else EVERY:
        source = source_of(protocol)
        source = source.look(4, 3000) if asked.quick else source
        models = ON_PCBA if protocol in PROTOCOLS else ON_PANELS
        for name in [each for each in models if each in (asked.models or models)]:
            if name == "chemprop" and not (source.smiles and asked.chemprop):
                print(f"{protocol} chemprop is left out", file=sys.stderr)
                continue
            once = protocol in PROTOCOLS and name not in NETWORKS
            for seed in seeds[:1] if once else seeds:
                one(name, source, seed, ledger, options)
    if not asked.quick:
        (RESULTS / "rivals.md").write_text(report_of(ledger))


OPTIONS: dict[str, dict[str, Any]] = {
    "--protocol": {"choices": EVERY, "help": "default: all"},
    "--models": {"nargs": "+", "choices": sorted({*ON_PCBA, *ON_PANELS})},
    "--seeds": {"type": int, "nargs": "+", "default": [0, 1, 2], "help": "of networks"},
    "--report": REPORT,
    "--chemprop": CHEMPROP,
}

if __name__ == "__main__":
    sys.exit(begin(__doc__, run, "3,000 rows and 4 assays, nothing kept", OPTIONS))
