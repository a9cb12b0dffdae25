"""Train ``pcba128-mix``: the shipped fingerprint experts with graph experts beside them.

``python -m benchmarks.pcba128_mix --out FOLDER [--data FOLDER]``: the graph experts are fitted on
all rows that have SMILES, as those of ``pcba128`` were, and joined with it. Shares and figures are
those of ``python -m benchmarks.graph_study``, which fits both on the training part of an evaluation
alone, chooses shares on its validation part, and scores its test part once.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.graph_study.__main__ import CACHE, RESULTS
from benchmarks.graph_study.cases import settings
from benchmarks.graph_study.runs import Study
from benchmarks.pcba128.__main__ import NO_ROWS, all_rows, with_features
from benchmarks.pcba128_mix.card import card
from benchmarks.pcba_sample import read_pcba
from benchmarks.report import report
from benchmarks.rivals.evaluation import DataAbsentError, find_data
from benchmarks.rivals.ledger import Ledger
from bioassay_mtl.metrics import evaluate
from bioassay_mtl.models.join import join
from bioassay_mtl.models.model import Model
from bioassay_mtl.splits import Split
from bioassay_mtl.training import train
from bioassay_mtl.training.config import TrainingConfig

NAME = "pcba128-mix"
MIXTURE = "fingerprint + GINE"
N_BOOTSTRAP = 200
EVALUATIONS = {"random": "pcba", "scaffold": "pcba_scaffold"}


def main() -> int:
    """Train on all rows, join, write the folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True, help="model folder to write; must not exist")
    parser.add_argument("--data", help="folder with pcba/")
    parser.add_argument("--graph", help="graph experts fitted before, instead of training them")
    parser.add_argument("--keep", help="folder to keep the graph experts in")
    parser.add_argument("--evaluations", nargs="+", choices=EVALUATIONS, default=["scaffold"])
    parser.add_argument("--quick", action="store_true", help="one epoch on 2,000 rows")
    arguments = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    try:
        folder = find_data(arguments.data)
    except DataAbsentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    graph = Model.load(arguments.graph) if arguments.graph else fit_graph(folder, arguments.quick)
    if arguments.keep:
        graph.save(arguments.keep)
    model = mix(graph, {name: study_of(name, arguments.data) for name in arguments.evaluations})
    model.save(arguments.out, half=True)
    size = sum(path.stat().st_size for path in Path(arguments.out).iterdir())
    report(f"{NAME} model folder", "size", size / 1e6, "MB", "<= 20")
    return 0


def fit_graph(folder: Path, quick: bool, device: str = "cpu") -> Model:
    """Graph experts fitted on all rows that have SMILES."""
    config = graph_config(quick, device)
    panel = with_features(read_pcba(folder / "pcba"), config, quick)
    everything = Split(all_rows(panel), NO_ROWS, NO_ROWS, len(panel))

    def progress(record: Any) -> None:
        print(json.dumps(dict(record)), file=sys.stderr, flush=True)

    return train(panel, config, parts=everything, name="graph", progress=progress)


def graph_config(quick: bool, device: str) -> TrainingConfig:
    """Settings of the graph experts."""
    changes = {"device": device} | ({"epochs": 1} if quick else {})
    return TrainingConfig.of(settings("GINE", seed=0) | changes)


def study_of(evaluation: str, data: str | None) -> Study:
    """The study of an evaluation, with what it did before."""
    ledger = Ledger(RESULTS / "graph_study.jsonl")
    return Study(EVALUATIONS[evaluation], data, None, ledger, CACHE)


def evaluate_study(study: Study) -> tuple[dict[str, Any], list[float]]:
    """Metrics of the study's mixture on the test rows, and the shares it chose."""
    entry = study.mixture(MIXTURE, seed=0)
    model = Model.load(study.folder_of(MIXTURE, 0))
    test = study.source.panel.take(study.source.test)
    features = model.featurize(test.structures or [])
    result = evaluate(
        test.labels, model.predict_features(features), test.tasks, n_bootstrap=N_BOOTSTRAP
    )
    sizes = {"n_train": len(study.fit_rows), "n_test": len(test)}
    return sizes | result.to_json(), entry.notes["settings"]["shares"]


def mix(graph: Model, studies: dict[str, Study]) -> Model:
    """The shipped model and graph experts, with the mean of the shares that were chosen."""
    shipped = Model.load("pcba128")
    evaluations = {name: evaluate_study(study) for name, study in studies.items()}
    shares = np.mean([chosen for _, chosen in evaluations.values()], axis=0).round(3).tolist()
    model = join([shipped, graph], shares, name=NAME)
    model.metrics = {name: metrics for name, (metrics, _) in evaluations.items()}
    model.training = {
        "config": shipped.training["config"],
        "members": {"pcba128": shipped.training, "graph": graph.training},
        "shares": shares,
        "rows": shipped.training["rows"],
        "panel_sha256": shipped.training["panel_sha256"],
    }
    model.card = card(model)
    return model


if __name__ == "__main__":
    sys.exit(main())
