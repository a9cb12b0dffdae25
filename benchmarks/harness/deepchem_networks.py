"""DeepChem's networks: one hidden layer on a matrix, and its D-MPNN; weights are the mask."""

from __future__ import annotations

import contextlib
import copy
import io
import logging
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from benchmarks.harness.datasets import Rows
from benchmarks.harness.ledger import Floats
from bioassay_mtl.splits import Split
from bioassay_mtl.tasks.labels import is_measured

STOP_ON = "macro AP of the validation rows, best epoch's weights kept"
MULTITASK: dict[str, Any] = {
    "layer_sizes": [1000],
    "dropouts": 0.5,
    "batch_size": 100,
    "learning_rate": 1e-3,
    "epochs_at_most": 30,
    "patience": 4,
    "stop_on": STOP_ON,
    "weights": "mask",
}
D_MPNN: dict[str, Any] = {
    "model": "deepchem DMPNNModel (width 300, depth 3, head of 3 layers of 300)",
    "learning_rate": 1e-3,
    "batch_size": 64,
    "epochs_at_most": 25,
    "patience": 8,
    "stop_on": STOP_ON,
}
Score = Callable[[Floats], float]
"""From predictions (n_valid, n_tasks) to what is highest in the best epoch."""


@dataclass(frozen=True)
class Trained:
    """Predictions (n, n_tasks) of validation and test rows, and the epoch they come from."""

    valid: Floats
    test: Floats
    best_epoch: int
    epochs: int


def fit_multitask(
    x: Any,
    label: NDArray[Any],
    parts: Split,
    score: Score | None,
    seed: int,
    epochs: int = MULTITASK["epochs_at_most"],
) -> Trained:
    """``MultitaskClassifier`` on a sparse matrix, or ``MultitaskRegressor``.

    Labels are int8 outcomes (-1: not measured, of weight 0), or values in standard units. Without a
    score to be stopped by it takes all epochs.
    """
    deepchem = _seeded(seed)
    of_values = label.dtype.kind == "f"
    kind = "MultitaskRegressor" if of_values else "MultitaskClassifier"
    own = {key: MULTITASK[key] for key in ("layer_sizes", "dropouts", "batch_size")}
    size = {"n_tasks": label.shape[1], "n_features": x.shape[1]}

    with tempfile.TemporaryDirectory() as folder:
        made = {"learning_rate": MULTITASK["learning_rate"], "model_dir": folder, "device": "cpu"}
        model = getattr(deepchem.models, kind)(**size, **own, **made)
        output = 0 if of_values else 1
        return _fitted(model, x, label, parts, output, score, epochs, MULTITASK["patience"])


def d_mpnn_graphs(smiles: Sequence[str]) -> Any:
    """What the directed message passing network reads."""
    return _seeded(0).feat.DMPNNFeaturizer().featurize(list(smiles))


def fit_d_mpnn(graphs: Any, label: NDArray[Any], parts: Split, score: Score, seed: int) -> Trained:
    """The directed message passing network, stopped on the validation rows."""
    _seeded(seed)
    from deepchem.models import DMPNNModel

    with tempfile.TemporaryDirectory() as folder:
        made = {name: D_MPNN[name] for name in ("batch_size", "learning_rate")}
        made |= {"n_tasks": label.shape[1], "model_dir": folder, "device": "cpu"}
        model = DMPNNModel(mode="classification", n_classes=2, **made)
        epochs = D_MPNN["epochs_at_most"]
        return _fitted(model, graphs, label, parts, 1, score, epochs, D_MPNN["patience"])


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
) -> Trained:
    """Fit epoch by epoch, and keep the best."""
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
    return Trained(predict(parts.valid), predict(parts.test), best_epoch, epoch)
