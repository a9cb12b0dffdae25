"""Stacked, exclusive gates on PCBA: are experts of many kinds worth more than their uniform mean?

    python -m benchmarks.pcba_stacked [--quick] [--evaluations NAME ...] [--seeds N] [--keep FOLDER]

The fingerprint experts of ``pcba128``, experts of descriptors and of graphs, boosted trees and
linear models are trained each on its own, in folds of the training rows and on all of
them; gates by every method of :mod:`bioassay_mtl.nn.stacking` are fitted to the same predictions
out of fold, and judged on the test rows, which nothing was chosen on. The rivals are each expert
alone and their uniform mean; a shared bottom and others on the same rows are in ``results/``
of ``mixture_study`` and ``graph_study``.

Every trained expert is a folder under ``--keep`` (else the git-ignored ``cache/pcba_stacked``), and
is not trained again. Networks are trained on a GPU where there is one, trees on all cores. The real
data are looked for in ``BIOASSAY_DATA``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.graph_study.cases import settings
from benchmarks.harness.datasets import sources
from benchmarks.harness.ledger import CACHE
from benchmarks.harness.study import begin, report
from bioassay_mtl.chem.features import Features
from bioassay_mtl.metrics import evaluate
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.models.scaling import fit_scalings
from bioassay_mtl.nn import network_config
from bioassay_mtl.nn.heads import heads
from bioassay_mtl.nn.stacking import stacking_config
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.jobs import Jobs
from bioassay_mtl.training.out_of_fold import Said
from bioassay_mtl.training.session import Session
from bioassay_mtl.training.stacked import Runs, fold_parts, named

EVALUATIONS = {"random": "pcba", "scaffold": "pcba_scaffold"}
METHODS = ("penalised", "greedy", "best", "mean")
N_FOLDS = 3
TABLES = ["morgan", "descriptors"]
FITTED = ("boosted_trees", "linear")
EXPERTS = (*FITTED, "fingerprint", "descriptors", "D-MPNN")
QUICK_ROWS, QUICK_ASSAYS = 400, 3


def experts(names: Sequence[str], seed: int, quick: bool) -> list[TrainingConfig]:
    """Settings of experts; the networks are those of the graph study."""
    networks = {name: settings(name, seed) for name in names if name not in FITTED}
    prints = {"morgan": settings("fingerprint", seed)["fingerprints"]["morgan"]}
    prints |= settings("descriptors", seed)["fingerprints"]
    for each in networks.values():
        prints |= each["fingerprints"]
        if quick:
            groups = [group | {"n": 1, "width": 16} for group in each["network"]["experts"]]
            each["network"] = each["network"] | {"experts": groups}
    common: dict[str, Any] = {"fingerprints": prints, "seed": seed, "loggers": ()}
    few = {"epochs": 1} if quick else {}
    trees = {"n_trees": 5} if quick else {}
    found = []
    for name in names:
        if name in networks:
            chosen = networks[name] | common | {"device": "auto"} | few
        else:
            more = trees if name == "boosted_trees" else {}
            chosen = common | {"network": {"kind": name, "inputs": TABLES} | more}
        found.append(TrainingConfig.of(chosen))
    return found


class Experts(Runs):
    """Trains each expert by settings of its own, where a stacked network has some for all."""

    def __init__(self, configs: Sequence[TrainingConfig], *given: Any) -> None:
        self.configs = configs
        super().__init__(*given)

    def settings(self, number: int) -> TrainingConfig:
        """Of an expert."""
        return self.configs[number]


def judged(
    evaluation: str, names: Sequence[str], seed: int, keep: Path, quick: bool
) -> Iterator[dict[str, Any]]:
    """Scores of every expert and of every way to weigh them, on the test rows."""
    configs = experts(names, seed, quick)
    members: Any = [config.network for config in configs]
    network = {"kind": "stacked", "members": members, "gate": {"folds": N_FOLDS}}
    config = configs[0].model_copy(update={"network": network_config(network)})
    source = sources[EVALUATIONS[evaluation]]()
    source = source.look(QUICK_ASSAYS, QUICK_ROWS) if quick else source.compact()
    panel, parts = source.panel, Split(source.fit, source.valid, source.test, len(source.panel))
    features = panel_features(panel, config.featurizer())
    session = Session.of(panel, config, given_parts=parts, given_features=features)
    scalings = fit_scalings(features.blocks, parts.train)
    splits = list(fold_parts(session, N_FOLDS))
    keep.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        runs = Experts(configs, session, keep, None, scalings, splits, Jobs(), stack)
        said = Said.of(session, splits, runs.out_of_fold(), runs.target_scaler, runs.cells)
        models = runs.whole(range(len(members)))
    test = panel.take(parts.test)
    outputs = [model.outputs_of(read_by(model, features.take(parts.test))) for model in models]
    for member, found in zip(members, outputs, strict=True):
        yield {"case": named(member), **scores(test, found)}
    for method in METHODS:
        gates = said.stacked(stacking_config(method), config.seed)
        mixed = np.einsum("eno,oe->no", np.stack(outputs), gates.weights) + gates.bias
        closed = float((gates.weights == 0).mean())
        yield {"case": f"stacked, {method}", **scores(test, mixed), "closed": closed}


def read_by(model: Model, features: Features) -> Features:
    """The inputs that a model reads."""
    blocks = {name: features.blocks[name] for name in model.featurizer.fingerprints}
    return Features(blocks, features.status)


def scores(test: Panel, logits: Any) -> dict[str, float]:
    """Macro means over the assays that can be judged."""
    import torch

    predicted = heads["binary"].predict(torch.from_numpy(logits)[..., None]).numpy()[..., 0]
    found = evaluate(test.labels, predicted, test.tasks).macro
    return {name: found[name] for name in ("average_precision", "roc_auc", "brier")}


def run(asked: argparse.Namespace) -> None:
    with TemporaryDirectory() as nowhere:
        keep = Path(nowhere) if asked.quick else asked.keep
        for evaluation in asked.evaluations:
            for seed in [0] if asked.quick else asked.seeds:
                folder = keep / f"{evaluation}-{seed}" / f"{len(asked.experts)} experts"
                for found in judged(evaluation, asked.experts, seed, folder, asked.quick):
                    case = f"{evaluation}, {len(asked.experts)} experts, seed {seed}"
                    case += f", {found.pop('case')}"
                    for metric, value in found.items():
                        report(case, metric, value, "share" if metric == "closed" else "macro mean")


if __name__ == "__main__":
    options: dict[str, dict[str, Any]] = {
        "--evaluations": {"nargs": "+", "choices": EVALUATIONS, "default": [*EVALUATIONS]},
        "--experts": {"nargs": "+", "choices": EXPERTS, "default": [*EXPERTS]},
        "--seeds": {"nargs": "+", "type": int, "default": [0, 1, 2]},
        "--keep": {"type": Path, "default": CACHE / "pcba_stacked", "help": "trained experts"},
    }
    sys.exit(begin(__doc__, run, "400 rows, 3 assays, one epoch", options))
