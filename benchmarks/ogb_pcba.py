"""Train on full PCBA and report as its leaderboard does.

    python -m benchmarks.ogb_pcba FOLDER --out runs/pcba --seeds 0 1 2

FOLDER is what OGB's download of ogbg-molpcba unpacks to (Hu et al., arXiv 2005.00687). The split is
OGB's scaffold split, the score the mean average precision of its evaluator, over several seeds,
each a line of ``OUT/results.jsonl``. A run that was cut off goes on where it was. Target, not a
claim: 0.29 on the test part with at most 6 million parameters.
"""

from __future__ import annotations

import argparse
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from benchmarks.harness.ledger import Entry, Key, Ledger
from benchmarks.harness.networks import n_parameters
from benchmarks.harness.provenance import provenance, used_by_torch
from benchmarks.harness.study import begin
from benchmarks.harness.tables import standings, table
from bioassay_mtl.chem.features import Features
from bioassay_mtl.chem.parallel import featurize
from bioassay_mtl.metrics import macro_average_precision
from bioassay_mtl.models.model import Model
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import SUBSETS, Split
from bioassay_mtl.training import train
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.defaults import settled

TARGET = 0.29
MOST_PARAMETERS = 6_000_000
_CASES: dict[str, Any] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text())
PRESETS: dict[str, list[str]] = _CASES["presets"]
OPTIONS: dict[str, dict[str, Any]] = {
    "folder": {"type": Path, "help": "mapping/ and split/ are in it"},
    "--out": {"type": Path, "required": True, "help": "folder of the models"},
    "--preset": {"choices": PRESETS, "default": "mixed", "help": "what experts read"},
    "--seeds": {"type": int, "nargs": "+", "default": [0, 1, 2]},
    "--device": {"default": "auto", "help": "cpu, cuda or auto"},
    "--workers": {"type": int, "default": os.cpu_count() or 1},
}


def preset(name: str) -> dict[str, Any]:
    """Settings of a run; all have fewer than 6 million parameters."""
    inputs = PRESETS[name]
    experts = [{**_CASES["experts"][each], "inputs": [each]} for each in inputs]
    network = _CASES["settings"]["network"] | {"experts": experts}
    prints = {each: _CASES["inputs"][each] for each in inputs}
    return {**_CASES["settings"], "fingerprints": prints, "network": network}


def read_ogb(folder: Path) -> tuple[Panel, Split]:
    """The panel and its scaffold split, of ``mapping/mol.csv.gz`` and ``split/scaffold/``.

    The first has a column for each assay, ``smiles`` and ``mol_id``; the files of the parts have
    row numbers from 0, and no header.
    """
    table = pd.read_csv(folder / "mapping" / "mol.csv.gz", dtype={"mol_id": str})
    tasks = [name for name in table.columns if name not in ("smiles", "mol_id")]
    # Rows stay where they are, copies of molecules too: the split counts them.
    labels, ids = table[tasks].to_numpy(np.float32), table["mol_id"].tolist()
    panel = Panel.from_arrays(table["smiles"].tolist(), labels, tasks, ids=ids)
    files = [folder / "split" / "scaffold" / f"{part}.csv.gz" for part in SUBSETS]
    first, second, third = (pd.read_csv(f, header=None, dtype=np.int64)[0] for f in files)
    return panel, Split(first.to_numpy(), second.to_numpy(), third.to_numpy(), len(panel))


def run(asked: argparse.Namespace) -> None:
    """Train every seed that is not trained yet, and print the table of all."""
    panel, parts = read_ogb(asked.folder)
    values = preset(asked.preset) | {"device": asked.device}
    values |= {"epochs": 1} if asked.quick else {}
    first = settled(TrainingConfig.of(values), panel)[0]
    features = featurize(panel.structures or [], first.featurizer(), asked.workers)
    ledger = Ledger(asked.out / "results.jsonl")
    for seed in asked.seeds:
        config = first.model_copy(update={"seed": seed})
        key = (panel.digest()[:12], asked.preset, "ogbg-molpcba", "test", seed, "all")
        out = asked.out / f"{asked.preset}-{seed}"
        ledger.once(key, partial(one, key, panel, parts, features, config, out))
    print("\n".join(table(standings(ledger.entries.values()), asked.preset)))
    print(f"target: a mean AP of {TARGET}")


def one(
    key: Key, panel: Panel, parts: Split, features: Features, config: TrainingConfig, out: Path
) -> Entry:
    """Scores of the model of a seed, which is read, trained further or trained.

    As OGB's evaluator computes them: every molecule of a part counts, and one without a prediction
    is ranked below all others.
    """
    if out.exists():
        model = Model.load(out)
        if model.training["panel_sha256"] != panel.digest():
            raise SystemExit(f"error: {out}: trained on other molecules: give another --out")
    else:
        out.parent.mkdir(parents=True, exist_ok=True)
        resume = out.with_name(out.name + ".training").exists()
        model = train(panel, config, out=out, resume=resume, parts=parts, features=features)
    valid, test = (
        np.nan_to_num(model.predict_features(features.take(rows)), nan=-1.0)
        for rows in (parts.valid, parts.test)
    )
    notes: dict[str, Any] = {"parameters": n_parameters(model), "settings": config.model_dump()}
    notes["valid_ap"] = macro_average_precision(panel.labels[parts.valid], valid)
    notes["made_with"] = provenance(used_by_torch(config.device))
    return Entry.scored(key, panel.labels[parts.test], test, panel.tasks, **notes)


def main(arguments: list[str] | None = None) -> int:
    """Read the command line; threads are those that PyTorch takes by itself."""
    return begin(__doc__, run, "one epoch", OPTIONS, arguments, threads=None)


if __name__ == "__main__":
    sys.exit(main())
