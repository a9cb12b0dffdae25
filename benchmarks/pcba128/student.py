"""Train ``pcba128-fast``: one Morgan fingerprint, taught by a mixture that reads much more.

``python -m benchmarks.pcba128.student --out FOLDER [--data FOLDER]``: for each evaluation of
``pcba128`` teachers are fitted on its training part: three seeds of its settings and the D-MPNN of
``python -m benchmarks.graph_study``, whose logits are averaged. The student learns from what they
say of those molecules and of a library without labels, in which no molecule of the panel is left,
and from what was measured; it is scored on the test part. Then the same is done with all rows: the
shipped model. Its probabilities are calibrated on what the student of the random evaluation said of
its test rows. Teachers are kept in ``--cache FOLDER``, and taken from there again. With ``--said
FOLDER`` what the students of the evaluations say of their test rows is kept there, for
``python -m benchmarks.trust --said``. ``--trials FILE ...`` scores students
of other settings than ``student.yaml`` on the validation rows of the scaffold split.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

from benchmarks.graph_study.cases import settings
from benchmarks.harness.datasets import NO_ROWS, Rows, find_data
from benchmarks.harness.study import begin, report
from benchmarks.pcba128.__main__ import DEVICE, EVALUATIONS, config_of, save
from benchmarks.pcba128.calibrate import keep, with_inputs
from benchmarks.pcba128.cards import fast_card
from bioassay_mtl.chem.blocks import Block
from bioassay_mtl.chem.features import Features, SparseCounts
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.identity import TrainingMolecules
from bioassay_mtl.chem.parallel import featurize
from bioassay_mtl.confidence.evidence import HELD_OUT
from bioassay_mtl.metrics import evaluate
from bioassay_mtl.models.about import known_assays
from bioassay_mtl.models.evaluation import outputs_at
from bioassay_mtl.models.join import join
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.sheet_making import sheet_of
from bioassay_mtl.models.shipped import find_model
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split, SplitConfig, split
from bioassay_mtl.tasks.measured import MeasuredCells
from bioassay_mtl.training import train
from bioassay_mtl.training.evidence import OutOfSight, beside_of

NAME = "pcba128-fast"
SETTINGS = Path(__file__).with_name("student.yaml")
LIBRARY = "hts_library_aid1706.csv.gz"
TEACHERS = (*(("fingerprint", seed) for seed in range(3)), ("D-MPNN", 0))
SHARES = (0.22, 0.22, 0.21, 0.35)
"""Of the mixture's 0.65 for fingerprints each seed has a third."""
MEASURED = 0.5
"""Share of what was measured in the target of a cell; the rest is what the teachers say."""


class Taught(Panel):
    """Molecules with a target for each assay, a probability, beside what was measured of them."""

    def __init__(self, measured: Panel, target: NDArray[np.float32]) -> None:
        n, n_tasks = target.shape
        offsets = np.arange(0, n * n_tasks + 1, n_tasks, dtype=np.int64)
        task = np.tile(np.arange(n_tasks, dtype=np.int32), n)
        targets = MeasuredCells(offsets, task, target.ravel(), None, n_tasks)
        self.__dict__.update(vars(measured), _measured=measured, _targets=targets)

    @property
    def cells(self) -> MeasuredCells:
        """The targets."""
        cells: MeasuredCells = self.__dict__["_targets"]
        return cells

    def take(self, rows: Any) -> Panel:
        """Some rows, with what was measured alone."""
        measured: Panel = self.__dict__["_measured"]
        return measured.take(rows)


class Library:
    """Molecules without labels, none of which is in the panel, with the features of all."""

    def __init__(self, panel: Panel, asked: argparse.Namespace, featurizer: Featurizer) -> None:
        table = pd.read_csv(find_data() / LIBRARY, usecols=["smiles"])
        smiles: list[str] = table["smiles"][:: 100 if asked.quick else 1].tolist()
        known = TrainingMolecules.of(panel.structures or []).hold(smiles)
        new = [text for text, held in zip(smiles, known, strict=True) if not held]
        features = featurize(new, featurizer)
        self.blocks: Mapping[str, Block] = features.take(np.flatnonzero(features.ok)).blocks
        self.smiles = [new[row] for row in np.flatnonzero(features.ok).tolist()]


def said(model: Model, blocks: Mapping[str, Block]) -> NDArray[np.float32]:
    """``(n, T)`` probabilities of molecules, by the inputs that a model reads of them."""
    return model.predict_features({name: blocks[name] for name in model.featurizer.fingerprints})


def teacher(asked: argparse.Namespace, panel: Panel, rows: Rows, name: str) -> Model:
    """Several models of some rows, joined; those that are in the cache are not fitted anew."""
    members = []
    for kind, seed in TEACHERS:
        folder = Path(asked.cache) / f"{name}-{kind}-{seed}" if asked.cache else None
        if folder is None or not folder.exists():
            config = config_of(asked, settings(kind, seed))
            model = train(panel, config, parts=Split(rows, NO_ROWS, NO_ROWS, len(panel)))
            if folder is not None:
                model.save(folder)
        members.append(model if folder is None else Model.load(folder))
    return join(members, SHARES)


def taught(panel: Panel, library: Library, of: Model) -> Taught:
    """Molecules of a panel and of the library with targets."""
    n = len(panel) + len(library.smiles)
    target = np.concatenate([said(of, panel.features or {}), said(of, library.blocks)])
    cells = panel.cells
    own = cells.row, cells.task
    target[own] = MEASURED * cells.value + (1 - MEASURED) * target[own]
    both: Any = [blocks["morgan"] for blocks in (panel.features or {}, library.blocks)]
    measured = Panel(
        [*(panel.structures or []), *library.smiles],
        {"morgan": SparseCounts.concatenate(both)},
        MeasuredCells.of(*own, cells.value, shape=(n, len(panel.tasks))),
        panel.tasks,
        [str(number) for number in range(n)],
    )
    return Taught(measured, target)


def student(
    asked: argparse.Namespace,
    panel: Panel,
    rows: Rows,
    library: Library,
    name: str,
    settings: Path = SETTINGS,
) -> Model:
    """The student of teachers that were fitted on some rows of a panel."""
    own = panel.take(rows)
    lesson = taught(own, library, teacher(asked, panel, rows, name))
    weights = np.ones(lesson.cells.shape, np.float32)  # without any, outcomes are kept as bytes
    config = config_of(asked, yaml.safe_load(settings.read_text()))
    everything = Split(np.arange(len(lesson)), NO_ROWS, NO_ROWS, len(lesson))
    return train(lesson, config, parts=everything, weights=weights, name=NAME)


def run(asked: argparse.Namespace) -> None:
    configs = [config_of(asked, settings(kind, 0)) for kind in ("fingerprint", "D-MPNN")]
    panel, featurizer = with_inputs(asked, configs)
    library = Library(panel, asked, featurizer)
    report("library", "molecules", len(library.smiles), "1")
    if asked.trials:
        return tried(asked, panel, library)
    shipped, metrics, seen = Model.load("pcba128"), {}, list[OutOfSight]()
    for name, column in EVALUATIONS.items():
        parts = split(panel, SplitConfig(kind="column", column=column))
        model, test = student(asked, panel, parts.train, library, name), panel.take(parts.test)
        result = scored(model, test, f"{NAME} {name} test", shipped.metrics[name]["macro"])
        metrics[name] = {"n_train": len(parts.train), "n_test": len(test)} | result
        seen.append(held_out(model, test))
        if asked.said:
            keep(seen[-1], Path(asked.said, f"{NAME} {name} test.npz"))
        scored(untaught(asked, panel, parts.train), test, f"untaught {name} test")
    model = student(asked, panel, np.arange(len(panel)), library, "all")
    model.training |= {
        "rows": shipped.training["rows"],
        "library": {"source": "PubChem AID 1706", "molecules": len(library.smiles)},
    }
    return save(finished(model, shipped, metrics, seen[0]), Path(asked.out))


def tried(asked: argparse.Namespace, panel: Panel, library: Library) -> None:
    """Score students of some settings on rows that are neither trained on nor tested."""
    parts = split(panel, SplitConfig(kind="column", column=EVALUATIONS["scaffold"]))
    for file in map(Path, asked.trials):
        model = student(asked, panel, parts.train, library, "scaffold", file)
        if asked.cache:
            model.save(Path(asked.cache) / f"scaffold-{file.stem}")
        scored(model, panel.take(parts.valid), f"{file.stem} scaffold validation")


def untaught(asked: argparse.Namespace, panel: Panel, rows: Rows) -> Model:
    """The settings of ``pcba128``, with the one fingerprint for all experts, and no teacher."""
    chosen = settings("fingerprint", 0)
    (group, *_) = chosen["network"]["experts"]
    chosen["network"] |= {"experts": [group | {"n": 4}]}
    chosen["fingerprints"] = {"morgan": chosen["fingerprints"]["morgan"]}
    alone = panel.changed(features={"morgan": (panel.features or {})["morgan"]})
    parts = Split(rows, NO_ROWS, NO_ROWS, len(panel))
    return train(alone, config_of(asked, chosen), parts=parts)


def scored(
    model: Model, test: Panel, case: str, least: Mapping[str, float] | None = None
) -> dict[str, Any]:
    """Metrics on some rows, of which two are reported beside what they should be."""
    predicted = model.predict_features({"morgan": (test.features or {})["morgan"]})
    result = evaluate(test.labels, predicted, test.tasks, n_bootstrap=200).to_json()
    for metric in ("roc_auc", "average_precision"):
        aim = f">= {least[metric]:.4f}" if least else None
        report(case, f"macro_{metric}", result["macro"][metric], "1", aim)
    return result


def held_out(model: Model, test: Panel) -> OutOfSight:
    """What a model says of rows that neither it nor its teachers have seen, in five folds."""
    cells = test.cells
    features = Features({"morgan": (test.features or {})["morgan"]}, np.zeros(len(test), np.uint8))
    rows, tasks = cells.row.astype(np.int64), cells.task.astype(np.int64)
    said = outputs_at(model, features, rows, tasks)
    return OutOfSight(cells, said, np.arange(len(test)) % 5, test.kinds, None, HELD_OUT)


def finished(model: Model, shipped: Model, metrics: dict[str, Any], seen: OutOfSight) -> Model:
    """The student with what ``pcba128`` knows of its molecules and assays: they are the same."""
    model.metrics, model.label_counts = metrics, shipped.label_counts
    model.training_molecules, model.annotations = shipped.training_molecules, shipped.annotations
    facts = known_assays(find_model(shipped.name) / "assays.json", model.tasks)
    model.beside["assays"] = sheet_of(model, metrics, facts)
    model.beside.update({"domain": shipped.beside["domain"]} | beside_of(seen))
    model.card = fast_card(model)
    return model


if __name__ == "__main__":
    options: dict[str, dict[str, Any]] = {
        "--out": {"default": NAME, "help": "model folder to write; must not exist"},
        "--said": {"help": "folder for what students say of test rows"},
        "--trials": {"nargs": "+", "help": "settings (.yaml) to try, and no more"},
        "--cache": {"help": "folder of teachers"},
        "--device": DEVICE,
    }
    sys.exit(begin(__doc__, run, "one epoch on 2,000 rows and 3,000 of the library", options))
