"""Train on full PCBA and report as its leaderboard does.

    python -m benchmarks.ogb_pcba FOLDER --out runs/pcba --seeds 0 1 2

FOLDER is what OGB's download of ogbg-molpcba unpacks to (Hu et al., arXiv 2005.00687). The split is
OGB's scaffold split, the score the mean average precision of its evaluator, over several seeds. A
run that was cut off goes on where it was. Target, not a claim: 0.29 on the test part with at most 6
million parameters.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

from benchmarks.harness.networks import n_parameters
from benchmarks.harness.provenance import provenance, used_by_torch
from benchmarks.harness.study import begin, report
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


def ogb_average_precision(labels: NDArray[Any], probabilities: NDArray[np.float32]) -> float:
    """As ``ogb.graphproppred.Evaluator("ogbg-molpcba")`` computes it, unmeasured cells left out.

    Every molecule of a part counts: one without a prediction (NaN) is ranked below all others.
    """
    return macro_average_precision(labels, np.nan_to_num(probabilities, nan=-1.0))


def run(asked: argparse.Namespace) -> None:
    """Train every seed that is not trained yet; report, and write ``results.json``."""
    panel, parts = read_ogb(asked.folder)
    asked.out.mkdir(parents=True, exist_ok=True)
    values = preset(asked.preset) | {"device": asked.device}
    values |= {"epochs": 1} if asked.quick else {}
    configs = [
        settled(TrainingConfig.of({**values, "seed": seed}), panel)[0] for seed in asked.seeds
    ]
    features = featurize(panel.structures or [], configs[0].featurizer(), asked.workers)
    scores = []
    for config in configs:
        model = trained(panel, parts, features, config, asked.out / f"{asked.preset}-{config.seed}")
        score: dict[str, Any] = {"seed": config.seed, "parameters": n_parameters(model)}
        for part, rows in (("valid", parts.valid), ("test", parts.test)):
            said = model.predict_features(features.take(rows))
            score[part] = ogb_average_precision(panel.labels[rows], said)
            target = f">= {TARGET}" if part == "test" else None
            report(f"ogbg-molpcba seed {config.seed}", part, score[part], "1", target)
        scores.append({**score, "made_with": model.training["made_with"]})
    settings = configs[0].model_dump(mode="json", exclude={"seed"})
    result = {"preset": asked.preset, "settings": settings, "target": TARGET, "seeds": scores}
    for part in ("valid", "test"):
        found = [score[part] for score in scores]
        deviation = float(np.std(found, ddof=1)) if len(found) > 1 else None
        result[part] = {"mean": float(np.mean(found)), "std": deviation}
        report("ogbg-molpcba", f"{part}, {len(found)} seeds", result[part]["mean"], "1")
    (asked.out / "results.json").write_text(json.dumps(result, indent=1) + "\n")


def trained(
    panel: Panel, parts: Split, features: Features, config: TrainingConfig, out: Path
) -> Model:
    """The model of one seed: read if it is finished, else trained, or trained further."""
    if out.exists():
        model = Model.load(out)
        if model.training["panel_sha256"] != panel.digest():
            raise SystemExit(f"error: {out}: trained on other molecules: give another --out")
        return model
    resume = out.with_name(out.name + ".training").exists()
    record = {"made_with": provenance(used_by_torch(config.device))}
    given: dict[str, Any] = {"parts": parts, "features": features, "record": record}
    return train(panel, config, out=out, resume=resume, **given)


def main(arguments: list[str] | None = None) -> int:
    """Read the command line; threads are those that PyTorch takes by itself."""
    return begin(__doc__, run, "one epoch", OPTIONS, arguments, threads=None)


if __name__ == "__main__":
    sys.exit(main())
