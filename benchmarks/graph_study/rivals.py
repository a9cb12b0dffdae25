"""The rivals, on the rows of a study: forests, chemprop, and DeepChem's D-MPNN."""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.graph_study.runs import Study
from benchmarks.rivals import chemprop_program, features
from benchmarks.rivals.evaluation import Evaluation
from benchmarks.rivals.ledger import Entry
from benchmarks.rivals.per_assay import RIVALS, cap_inactives, predict_assay
from benchmarks.rivals.scores import AssayScore, macro, score_all, score_assay

FOREST_INACTIVES = 5000
EPOCHS = 25
TRIALS: dict[str, tuple[str, ...]] = {
    "default": (),
    "wide": ("--message-hidden-dim", "600", "--ffn-hidden-dim", "600", "--dropout", "0.2"),
    "deep": ("--depth", "5", "--dropout", "0.1", "--ffn-num-layers", "2"),
    "fast": ("--max-lr", "3e-3", "--aggregation", "sum", "--dropout", "0.1", "--batch-norm"),
}
"""What chemprop's options are chosen from, with the first seed, on the validation rows."""
D_MPNN: dict[str, Any] = {
    "model": "deepchem DMPNNModel (width 300, depth 3, head of 3 layers of 300)",
    "learning_rate": 1e-3,
    "batch_size": 64,
    "epochs_at_most": EPOCHS,
    "patience": 8,
    "stop_on": "macro AP of the validation rows, best epoch's weights kept",
}


def forest(study: Study, seed: int) -> Entry:
    """A random forest for each assay."""
    key = study.key("random forest", seed)
    if done := study.ledger.get(key):
        return done
    rival = cap_inactives(RIVALS["random_forest"], FOREST_INACTIVES)
    source, start, cpu = study.source, time.perf_counter(), time.process_time()
    x = features.counts(tuple(source.panel.structures or ()))
    found: dict[str, AssayScore] = {}
    for index, task in enumerate(source.panel.tasks):
        labels = source.panel.labels[:, index]
        new = source.test[labels[source.test] >= 0]
        rows = np.concatenate([study.fit_rows, source.valid])
        guess = predict_assay(rival, x, labels, rows, new, seed, quick=False)
        if score := score_assay(labels[new], guess):
            found[task] = score
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    return study.keep(key, found, seconds, settings=rival.settings, cpu_seconds=round(cpu, 1))


def chemprop(study: Study, seed: int, program: Path, trial: str = "default") -> Entry:
    """Chemprop's network through its own command line, with the options of a trial."""
    name = "chemprop" if trial == "default" else f"chemprop {trial}"
    key = study.key(name, seed, stage="test" if trial == "default" else "trial")
    if done := study.ledger.get(key):
        return done
    source = study.source
    panel, start = source.panel, time.perf_counter()
    rows = Evaluation(
        study.dataset,
        panel.tasks,
        np.zeros((0, 0), dtype=np.uint8),
        panel.labels,
        tuple(panel.structures or ()),
        study.fit_rows,
        study.fit_rows,
        source.valid,
        source.test,
    )
    scratch = study.cache / f"{study.dataset}-{name.replace(' ', '')}-{seed}"
    result = chemprop_program.fit_program(
        program, rows, scratch, seed, EPOCHS, minutes=120.0, options=TRIALS[trial]
    )
    return study.keep(
        key,
        score_all(panel.labels[source.test], result.test, panel.tasks),
        time.perf_counter() - start,
        settings=chemprop_program.settings(EPOCHS, TRIALS[trial]),
        **result.notes | {"valid_ap": round(result.valid_score.ap, 5)},
    )


def tuned_chemprop(study: Study, seed: int, seeds: Sequence[int], program: Path) -> Entry:
    """Chemprop with the options that did best on the validation rows with the first seed."""
    if done := study.ledger.get(study.key("chemprop tuned", seed)):
        return done
    tried = {trial: chemprop(study, min(seeds), program, trial) for trial in TRIALS}
    best = max(TRIALS, key=lambda trial: tried[trial].notes["valid_ap"])
    return _tested(study, "chemprop tuned", chemprop(study, seed, program, best), best, len(TRIALS))


def chosen_chemprop(study: Study, seed: int, trial: str, program: Path) -> Entry:
    """Chemprop with the options of one trial, chosen on another dataset."""
    name = f"chemprop {trial}"
    if done := study.ledger.get(study.key(name, seed)):
        return done
    return _tested(study, name, chemprop(study, seed, program, trial), trial, 1)


def _tested(study: Study, name: str, entry: Entry, chosen: str, trials: int) -> Entry:
    """A trial that is reported, under a name."""
    notes = entry.notes | {"chosen": chosen, "trials": trials}
    scores = [AssayScore(auc, ap) for auc, ap in zip(entry.auc, entry.ap, strict=True)]
    by_assay = dict(zip(entry.assays, scores, strict=True))
    return study.keep(study.key(name, entry.seed), by_assay, entry.seconds, **notes)


def d_mpnn(study: Study, seed: int) -> Entry:
    """DeepChem's directed message passing network, stopped on the validation rows."""
    key = study.key("DeepChem D-MPNN", seed)
    if done := study.ledger.get(key):
        return done
    logging.getLogger("deepchem").setLevel(logging.ERROR)
    import deepchem
    import torch
    from deepchem.models import DMPNNModel

    source = study.source
    panel = source.panel
    graphs = deepchem.feat.DMPNNFeaturizer().featurize(list(panel.structures or ()))
    start, cpu = time.perf_counter(), time.process_time()
    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002 (DeepChem shuffles with it)

    def dataset(rows: NDArray[np.int64]) -> Any:
        labels = panel.labels[rows].astype(np.float64)
        return deepchem.data.NumpyDataset(graphs[rows], np.maximum(labels, 0), labels >= 0)

    with TemporaryDirectory() as folder:
        network = DMPNNModel(
            mode="classification",
            n_classes=2,
            n_tasks=len(panel.tasks),
            batch_size=D_MPNN["batch_size"],
            learning_rate=D_MPNN["learning_rate"],
            model_dir=folder,
            device="cpu",
        )

        def predict(rows: NDArray[np.int64]) -> NDArray[np.floating]:
            return np.asarray(network.predict(dataset(rows)))[:, :, 1]

        fit, best, weights = dataset(study.fit_rows), (-1.0, 0), None
        for epoch in range(1, EPOCHS + 1):
            network.fit(fit, nb_epoch=1, checkpoint_interval=0)
            labels = panel.labels[source.valid]
            now = macro(score_all(labels, predict(source.valid), panel.tasks)).ap
            if now > best[0]:
                best, weights = (now, epoch), copy.deepcopy(network.model.state_dict())
            elif epoch - best[1] >= D_MPNN["patience"]:
                break
        network.model.load_state_dict(weights)
        scores = score_all(panel.labels[source.test], predict(source.test), panel.tasks)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    return study.keep(
        key,
        scores,
        seconds,
        settings=D_MPNN | {"version": deepchem.__version__},
        valid_ap=round(best[0], 5),
        cpu_seconds=round(cpu, 1),
        molecules_per_second=round(epoch * len(study.fit_rows) / cpu),
        epochs=epoch,
        best_epoch=best[1],
    )
