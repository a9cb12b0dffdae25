"""Train ``pcba128-mix``: the shipped fingerprint experts with graph experts beside them.

``python -m benchmarks.pcba128_mix --out FOLDER [--data FOLDER]``: the graph experts are fitted on
all rows that have SMILES, as those of ``pcba128`` were, and joined with it. Shares and figures are
those of ``python -m benchmarks.graph_study``, which fits both on the training part of an evaluation
alone, chooses shares on its validation part, and scores its test part once.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.graph_study.cases import settings
from benchmarks.graph_study.study import Study
from benchmarks.harness.ledger import RESULTS, Ledger
from benchmarks.harness.study import begin
from benchmarks.pcba128.__main__ import DEVICE, QUICK, config_of, fit_all, panel_of, save
from benchmarks.pcba128.cards import mix_card
from bioassay_mtl.metrics import evaluate
from bioassay_mtl.models.join import join
from bioassay_mtl.models.model import Model

NAME = "pcba128-mix"
MIXTURE = "fingerprint + GINE"
EVALUATIONS = {"random": "pcba", "scaffold": "pcba_scaffold"}


def evaluated(study: Study) -> tuple[dict[str, Any], list[float]]:
    """Metrics of the study's mixture on the test rows, and the shares it chose."""
    entry = study.entry(MIXTURE, 0)
    model = Model.load(study.folder_of(MIXTURE, 0))
    test = study.source.panel.take(study.source.test)
    predicted = model.predict_features(model.featurize(test.structures or []))
    result = evaluate(test.labels, predicted, test.tasks, n_bootstrap=200)
    sizes = {"n_train": len(study.source.fit), "n_test": len(test)}
    return sizes | result.to_json(), entry.notes["settings"]["shares"]


def mixed(graph: Model, studies: dict[str, Study]) -> Model:
    """The shipped model and graph experts, with the mean of the shares that were chosen."""
    shipped = Model.load("pcba128")
    evaluations = {name: evaluated(study) for name, study in studies.items()}
    shares = np.mean([chosen for _, chosen in evaluations.values()], axis=0).round(3).tolist()
    model = join([shipped, graph], shares, name=NAME)
    model.metrics = {name: metrics for name, (metrics, _) in evaluations.items()}
    kept = ("config", "rows", "panel_sha256")
    model.training = {name: shipped.training[name] for name in kept} | {
        "members": {"pcba128": shipped.training, "graph": graph.training},
        "shares": shares,
    }
    model.card = mix_card(model)
    return model


def run(asked: argparse.Namespace) -> None:
    ledger = Ledger(RESULTS / "graph_study.jsonl")
    if asked.graph:
        graph = Model.load(asked.graph)
    else:
        config = config_of(asked, settings("GINE", seed=0))
        graph = fit_all(panel_of(asked, config), config, "graph")
    if asked.keep:
        graph.save(asked.keep)
    of = {name: Study(EVALUATIONS[name], None, ledger) for name in asked.evaluations}
    save(mixed(graph, of), Path(asked.out))


if __name__ == "__main__":
    options: dict[str, dict[str, Any]] = {
        "--out": {"required": True, "help": "model folder to write; must not exist"},
        "--graph": {"help": "graph experts fitted before, instead of training them"},
        "--keep": {"help": "folder to keep the graph experts in"},
        "--evaluations": {"nargs": "+", "choices": EVALUATIONS, "default": ["scaffold"]},
        "--device": DEVICE,
    }
    sys.exit(begin(__doc__, run, QUICK, options))
