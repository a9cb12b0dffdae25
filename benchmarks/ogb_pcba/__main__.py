"""Train on full PCBA and report as its leaderboard does.

    python -m benchmarks.ogb_pcba FOLDER --out runs/pcba --seeds 0 1 2

FOLDER is what OGB's download of ogbg-molpcba unpacks to. The split is OGB's scaffold split, the
score the mean average precision of its evaluator, over several seeds. A run that was cut off goes
on where it was. Target, not a claim: 0.29 on the test part with at most 6 million parameters.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.ogb_pcba.evaluator import ogb_average_precision
from benchmarks.ogb_pcba.folder import read_ogb
from benchmarks.ogb_pcba.presets import PRESETS, preset
from benchmarks.rivals.provenance import provenance, used_by_torch
from bioassay_mtl.chem.features import Features
from bioassay_mtl.chem.parallel import featurize
from bioassay_mtl.cli.faults import USER_FAULT, one_line
from bioassay_mtl.cli.settings import put_all
from bioassay_mtl.errors import BioassayError, ConfigError, counted
from bioassay_mtl.models.folder import read_config
from bioassay_mtl.models.model import Model
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import PARTS, Split
from bioassay_mtl.training import train
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.defaults import settled

TARGET = 0.29
MOST_PARAMETERS = 6_000_000
ELSEWHERE = {"seed": "--seeds gives it", "device": "--device gives it", "split": "it is OGB's"}
"""Settings that ``--set`` does not change."""


def main(arguments: list[str] | None = None) -> None:
    """Train every seed that is not trained yet, and report."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        run(options)
    except (BioassayError, OSError) as error:
        parser.exit(USER_FAULT, f"error: {one_line(str(error))}\n")


def run(options: argparse.Namespace) -> None:
    """All seeds, and ``results.json``."""
    values = preset(options.preset)
    put_all(values, options.set)
    for name, why in ELSEWHERE.items():
        if name in values:
            raise ConfigError(f"--set {name}: {why}")
    values["device"] = options.device
    asked = [TrainingConfig.of({**values, "seed": seed}) for seed in options.seeds]
    panel, parts = read_ogb(options.folder)
    configs = [settled(config, panel)[0] for config in asked]
    data = {"panel_sha256": panel.digest(), "split_sha256": split_digest(parts)}
    folders = [options.out / f"seed-{seed}" for seed in options.seeds]
    for config, folder in zip(configs, folders, strict=True):
        check_same(folder, config, data)
    featurizer = configs[0].featurizer()
    features = featurize(panel.structures or [], featurizer, workers=options.workers)
    record = {"made_with": provenance(used_by_torch(options.device)), **data}
    scores = []
    for config, folder in zip(configs, folders, strict=True):
        model = trained(panel, parts, features, config, folder, record)
        score = {"seed": config.seed, **measured(model, panel, parts, features)}
        print(json.dumps(score), flush=True)
        scores.append(score | {"made_with": model.training["made_with"]})
    result = {
        "preset": options.preset,
        "settings": configs[0].model_dump(mode="json", exclude={"seed"}),
        **data,
        **summary(scores),
    }
    (options.out / "results.json").write_text(json.dumps(result, indent=1) + "\n")
    print(sentence(result))


def split_digest(parts: Split) -> str:
    """SHA-256 of the rows of all parts, in order."""
    digest = hashlib.sha256()
    for name in PARTS:
        rows = getattr(parts, name)
        digest.update(f"{name} {len(rows)} ".encode() + rows.tobytes())
    return digest.hexdigest()


def check_same(folder: Path, config: TrainingConfig, data: Mapping[str, str]) -> None:
    """See that a finished model is what these settings and data would make.

    Raises
    ------
    ConfigError
        It is another one.
    """
    if not folder.exists():
        return
    known = read_config(folder)["training"]
    wanted = config.model_dump(mode="json")
    other = sorted(
        name for name in wanted | known["config"] if known["config"].get(name) != wanted.get(name)
    )
    if other:
        raise ConfigError(
            f"{folder} was trained with other settings ({', '.join(other)}): "
            "give another --out, or the settings of that run"
        )
    if any(known.get(name) != value for name, value in data.items()):
        raise ConfigError(f"{folder} was trained on other molecules or parts: give another --out")


def trained(
    panel: Panel,
    parts: Split,
    features: Features,
    config: TrainingConfig,
    out: Path,
    record: Mapping[str, Any],
) -> Model:
    """The model of one seed: read if it is finished, else trained, or trained further."""
    if out.exists():
        return Model.load(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    return train(
        panel,
        config,
        out=out,
        resume=out.with_name(out.name + ".training").exists(),
        parts=parts,
        features=features,
        progress=_show,
        record=record,
    )


def measured(model: Model, panel: Panel, parts: Split, features: Features) -> dict[str, Any]:
    """Average precision of both parts, and the size of the model."""
    scores = {
        part: ogb_average_precision(panel.labels[rows], model.predict_features(features.take(rows)))
        for part, rows in (("valid", parts.valid), ("test", parts.test))
    }
    return {**scores, "parameters": sum(p.numel() for p in model.network.parameters())}


def summary(scores: list[dict[str, Any]]) -> dict[str, Any]:
    """Mean and (unbiased) standard deviation over seeds, where there are several."""
    result: dict[str, Any] = {"target": TARGET, "seeds": scores}
    for part in ("valid", "test"):
        values = [score[part] for score in scores]
        deviation = float(np.std(values, ddof=1)) if len(values) > 1 else None
        result[part] = {"mean": float(np.mean(values)), "std": deviation}
    return result


def sentence(result: Mapping[str, Any]) -> str:
    """The result in a line."""
    size = result["seeds"][0]["parameters"]
    fits = "within" if size <= MOST_PARAMETERS else "beyond"
    return (
        f"test AP {_spread(result['test'])}, validation AP {_spread(result['valid'])} "
        f"({counted(len(result['seeds']), 'seed')}; {size:,} parameters, "
        f"{fits} {MOST_PARAMETERS:,}; target: {TARGET})"
    )


def _spread(score: Mapping[str, float | None]) -> str:
    mean, deviation = score["mean"], score["std"]
    return f"{mean:.4f}" if deviation is None else f"{mean:.4f} +- {deviation:.4f}"


def _show(record: Mapping[str, float]) -> None:
    print(", ".join(f"{name} {value:.5g}" for name, value in record.items()), flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="mapping/ and split/ are in it")
    parser.add_argument("--out", type=Path, required=True, help="folder of the models")
    parser.add_argument("--preset", choices=PRESETS, default="mixed", help="what experts read")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--device", default="auto", help="cpu, cuda or auto")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting")
    return parser


if __name__ == "__main__":
    main()
