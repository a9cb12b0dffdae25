"""DeepChem's networks: one hidden layer on a matrix, and its D-MPNN; weights are the mask."""

from __future__ import annotations

import contextlib
import copy
import io
import logging
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from scipy.sparse import issparse

from benchmarks.harness.contenders import Options, Outcome
from benchmarks.harness.datasets import Rows, Source
from benchmarks.harness.ledger import Floats
from bioassay_mtl.splits import Split
from bioassay_mtl.tasks.labels import is_measured

_SETTINGS = yaml.safe_load(Path(__file__).with_name("deepchem.yaml").read_text())
MULTITASK, D_MPNN = _SETTINGS["multitask"], _SETTINGS["d_mpnn"]
OWN = ("layer_sizes", "dropouts", "batch_size", "learning_rate")
Score = Callable[[Floats], float]
"""From predictions (n_valid, n_tasks) to what is highest in the best epoch."""


def deepchem(
    data: Source,
    seed: int,
    options: Options,
    epochs: int | None = None,
    own: Mapping[str, Any] | None = None,
) -> Outcome:
    """``MultitaskClassifier``, or ``MultitaskRegressor`` on standardized values.

    It is stopped on the validation rows, or learns from all known ones for so many epochs; some of
    its settings may be others.
    """
    models, settings = _seeded(seed).models, {**MULTITASK, **(own or {})}
    kind = models.MultitaskClassifier if data.is_binary else models.MultitaskRegressor
    mean, scale = (0.0, 1.0) if data.is_binary else standards(data)
    labels = data.panel.labels if data.is_binary else (data.panel.labels - mean) / scale
    parts = data.parts
    score: Score | None = lambda guess: data.valid_score(guess * scale + mean)  # noqa: E731
    if epochs is not None:
        parts, score = Split(data.known, data.valid, data.test, parts.n_rows), None
        settings["stop_on"] = f"after {epochs} epochs, all training rows"
    if not data.is_binary:
        settings["values"] = "standardised; a bound taken for a value"
    most = 2 if options.quick else epochs or settings["epochs_at_most"]
    size = {"n_tasks": labels.shape[1], "n_features": data.matrix.shape[1]}
    with tempfile.TemporaryDirectory() as folder:
        made = {name: settings[name] for name in OWN}
        model = kind(**size, **made, model_dir=folder, device="cpu")
        output = int(data.is_binary)
        how = (output, score, most, settings["patience"])
        valid, test, notes = _fitted(model, data.matrix, labels, parts, *how)
    if score is not None:
        notes["valid_score"] = round(score(valid), 5)
    return Outcome(test * scale + mean, settings, notes)


def standards(data: Source) -> tuple[Any, Any]:
    """Mean and standard deviation (T,) of each assay's values that are fitted on."""
    labels = data.panel.labels[data.fit]
    scale = np.nanstd(labels, axis=0)
    return np.nanmean(labels, axis=0), np.where(scale > 0, scale, 1).astype(np.float32)


def d_mpnn(data: Source, seed: int, options: Options) -> Outcome:
    """The directed message passing network, stopped on the validation rows."""
    graphs = _seeded(seed).feat.DMPNNFeaturizer().featurize(list(data.smiles))
    from deepchem.models import DMPNNModel

    cpu = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        made = {name: D_MPNN[name] for name in ("batch_size", "learning_rate")}
        made |= {"n_tasks": len(data.panel.tasks), "model_dir": folder, "device": "cpu"}
        model = DMPNNModel(mode="classification", n_classes=2, **made)
        how = (1, data.valid_score, D_MPNN["epochs_at_most"], D_MPNN["patience"])
        valid, test, notes = _fitted(model, graphs, data.panel.labels, data.parts, *how)
    cpu = time.process_time() - cpu
    notes |= {"valid_ap": round(data.valid_score(valid), 5), "cpu_seconds": round(cpu, 1)}
    rate = round(notes["epochs"] * len(data.fit) / cpu)
    return Outcome(test, D_MPNN, notes | {"molecules_per_second": rate})


def _seeded(seed: int) -> Any:
    """DeepChem, which greets on both streams at import, and shuffles with NumPy's global state."""
    logging.getLogger("deepchem").setLevel(logging.ERROR)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        import deepchem
    import torch

    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    return deepchem


def _fitted(
    model: Any,
    x: Any,
    label: NDArray[Any],
    parts: Split,
    output: int,
    score: Score | None,
    epochs: int,
    patience: int,
) -> tuple[Floats, Floats, dict[str, Any]]:
    """Fit epoch by epoch; what the best says of validation and test rows, and which it was.

    Without a score to be stopped by it is the last.
    """
    from deepchem.data import NumpyDataset

    def dataset(rows: Rows) -> Any:
        inputs, known = x[rows], is_measured(label[rows])
        inputs = inputs.toarray() if issparse(inputs) else inputs
        return NumpyDataset(inputs, np.where(known, label[rows], 0), known.astype(np.float32))

    def predict(rows: Rows) -> Floats:
        return np.asarray(model.predict(dataset(rows))[..., output])

    fit, best, best_epoch, state, epoch = dataset(parts.train), -np.inf, 0, None, 0
    for epoch in range(1, epochs + 1):
        model.fit(fit, nb_epoch=1, checkpoint_interval=0)
        if score is None:
            best_epoch = epoch
        elif (now := score(predict(parts.valid))) > best:
            best, best_epoch, state = now, epoch, copy.deepcopy(model.model.state_dict())
        elif epoch - best_epoch >= patience:
            break
    if state is not None:
        model.model.load_state_dict(state)
    notes = {"epochs": epoch, "best_epoch": best_epoch}
    return predict(parts.valid), predict(parts.test), notes
