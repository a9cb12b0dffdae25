"""Train ``pcba128-mix``: the shipped fingerprint experts with graph experts beside them.

``python -m benchmarks.pcba128_mix --out FOLDER [--data FOLDER]``: the graph experts are fitted on
all rows that have SMILES, as those of ``pcba128`` were, and joined with it. Shares and figures are
those of ``python -m benchmarks.graph_study``, which fits both on the training part of an evaluation
alone, chooses shares on its validation part, and scores its test part once.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.graph_study.cases import settings
from benchmarks.graph_study.study import Study
from benchmarks.harness.datasets import find_data, read_pcba
from benchmarks.harness.ledger import RESULTS, Ledger
from benchmarks.harness.study import ended, parser
from benchmarks.pcba128.__main__ import fit_all, metric_row, report_size, sight, with_features
from bioassay_mtl.metrics import evaluate
from bioassay_mtl.models.join import join
from bioassay_mtl.models.model import Model
from bioassay_mtl.training.card import describe_inputs
from bioassay_mtl.training.config import TrainingConfig

NAME = "pcba128-mix"
MIXTURE = "fingerprint + GINE"
KINDS = {
    "dmpnn": "directed message passing between bonds",
    "gine": "message passing between atoms (GINE with a virtual node)",
}
TEXT = """# pcba128-mix

Probability that a molecule is active in each of 128 PubChem BioAssay (PCBA) assays, from SMILES:
the fingerprint experts of `pcba128`, and graph experts beside them. More accurate than `pcba128`,
and slower: the card of that model says what both are good for and what not, and what the data are.

- **Network**: the weighted mean of two mixtures, {parameters:.1f} million parameters: `pcba128`
  ({first:.0%}) and, by {second:.0%}, {n_graph} experts of {graph}.
- **Reads**: {inputs}.
- **Training rows**: all {rows:,} molecules with a SMILES that `pcba128` was trained on,
  {epochs} epochs for the graph experts, no row held back.
- **Weights**: safetensors, float16.

## How good it is

Measured with both parts fitted on the training rows of an evaluation alone, and their shares chosen
on its validation rows; test rows were scored once. The model shipped was fitted on the rows of all
parts, so the rows of these evaluations must not be used to evaluate it again.

| evaluation | fitted on | tested on | ROC-AUC (95 %) | average precision (95 %) | assays |
|---|---|---|---|---|---|
{table}

Macro means over the assays with an active and an inactive in the test part; intervals from 200
bootstrap samples of the test molecules (percentiles). Per-assay values are in `metrics.json`.

## What it sees

{sight}

Data: PubChem BioAssay (public domain), through MoleculeNet; assay annotations from MolData (CC0).
"""
EVALUATIONS = {"random": "pcba", "scaffold": "pcba_scaffold"}


def fit_graph(folder: Path, quick: bool, device: str = "cpu") -> Model:
    """Graph experts fitted on all rows that have SMILES."""
    config = graph_config(quick, device)
    return fit_all(with_features(read_pcba(folder / "pcba"), config, quick), config, "graph")


def graph_config(quick: bool, device: str) -> TrainingConfig:
    """Settings of the graph experts."""
    changes = {"device": device} | ({"epochs": 1} if quick else {})
    return TrainingConfig.of(settings("GINE", seed=0) | changes)


def evaluate_study(study: Study) -> tuple[dict[str, Any], list[float]]:
    """Metrics of the study's mixture on the test rows, and the shares it chose."""
    entry = study.mixture(MIXTURE, seed=0)
    model = Model.load(study.folder_of(MIXTURE, 0))
    test = study.source.panel.take(study.source.test)
    predicted = model.predict_features(model.featurize(test.structures or []))
    result = evaluate(test.labels, predicted, test.tasks, n_bootstrap=200)
    sizes = {"n_train": len(study.trainer.fit_rows), "n_test": len(test)}
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


def card(model: Model) -> str:
    """Markdown; ``model.metrics`` holds the evaluations."""
    members = model.training["members"]
    first, second = model.training["shares"]
    group = members["graph"]["config"]["network"]["experts"][0]
    return TEXT.format(
        parameters=sum(p.numel() for p in model.network.parameters()) / 1e6,
        first=first,
        second=second,
        n_graph=group["n"],
        graph=KINDS[group["kind"]],
        inputs=", ".join(describe_inputs(model)),
        rows=members["graph"]["rows"]["train"],
        epochs=members["graph"]["config"]["epochs"],
        sight=sight(model),
        table="\n".join(metric_row(name, values) for name, values in model.metrics.items()),
    )


def run(asked: argparse.Namespace) -> None:
    """Train on all rows, join, write the folder."""
    folder, ledger = find_data(asked.data), Ledger(RESULTS / "graph_study.jsonl")
    graph = Model.load(asked.graph) if asked.graph else fit_graph(folder, asked.quick)
    if asked.keep:
        graph.save(asked.keep)
    names = asked.evaluations
    model = mix(graph, {n: Study(EVALUATIONS[n], asked.data, None, ledger) for n in names})
    model.save(asked.out, half=True)
    report_size(NAME, Path(asked.out))


def main() -> int:
    """Read the command line."""
    options = parser(__doc__, "one epoch on 2,000 rows")
    options.add_argument("--out", required=True, help="model folder to write; must not exist")
    options.add_argument("--graph", help="graph experts fitted before, instead of training them")
    options.add_argument("--keep", help="folder to keep the graph experts in")
    options.add_argument("--evaluations", nargs="+", choices=EVALUATIONS, default=["scaffold"])
    return ended(partial(run, options.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
