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

from benchmarks.harness.datasets import Rows
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
Score = Callable[[NDArray[np.floating]], float]
"""From predictions (n_valid, n_tasks) to what is highest in the best epoch."""


@dataclass(frozen=True)
class Trained:
    """Predictions (n, n_tasks) of validation and test rows, and the epoch they come from."""

    valid: NDArray[np.floating]
    test: NDArray[np.floating]
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

    def dataset(rows: Rows) -> Any:
        return _dataset(deepchem, x[rows].toarray(), label[rows])

    with tempfile.TemporaryDirectory() as folder:
        made = {"learning_rate": MULTITASK["learning_rate"], "model_dir": folder, "device": "cpu"}
        model = getattr(deepchem.models, kind)(**size, **own, **made)
        return _fitted(model, dataset, parts, 0 if of_values else 1, score, epochs, MULTITASK)


def d_mpnn_graphs(smiles: Sequence[str]) -> Any:
    """What the directed message passing network reads."""
    return _seeded(0).feat.DMPNNFeaturizer().featurize(list(smiles))


def fit_d_mpnn(graphs: Any, label: NDArray[Any], parts: Split, score: Score, seed: int) -> Trained:
    """The directed message passing network, stopped on the validation rows."""
    deepchem = _seeded(seed)
    from deepchem.models import DMPNNModel

    def dataset(rows: Rows) -> Any:
        return _dataset(deepchem, graphs[rows], label[rows])

    with tempfile.TemporaryDirectory() as folder:
        made = {name: D_MPNN[name] for name in ("batch_size", "learning_rate")}
        made |= {"n_tasks": label.shape[1], "model_dir": folder, "device": "cpu"}
        model = DMPNNModel(mode="classification", n_classes=2, **made)
        return _fitted(model, dataset, parts, 1, score, D_MPNN["epochs_at_most"], D_MPNN)


def _seeded(seed: int) -> Any:
    """DeepChem, which greets on both streams at import, and shuffles with NumPy's global state."""
    logging.getLogger("deepchem").setLevel(logging.ERROR)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        import deepchem
    import torch

    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    return deepchem


def _dataset(deepchem: Any, x: Any, label: NDArray[Any]) -> Any:
    known = is_measured(label)
    return deepchem.data.NumpyDataset(x, np.where(known, label, 0), known.astype(np.float32))


def _fitted(
    model: Any,
    dataset: Callable[[Rows], Any],
    parts: Split,
    output: int,
    score: Score | None,
    epochs: int,
    settings: dict[str, Any],
) -> Trained:
    """Fit epoch by epoch, and keep the best."""

    def predict(rows: Rows) -> NDArray[np.floating]:
        return np.asarray(model.predict(dataset(rows))[..., output])

    fit, best, best_epoch, state, epoch = dataset(parts.train), -np.inf, 0, None, 0
    for epoch in range(1, epochs + 1):
        model.fit(fit, nb_epoch=1, checkpoint_interval=0)
        if score is None:
            best_epoch = epoch
        elif (now := score(predict(parts.valid))) > best:
            best, best_epoch, state = now, epoch, copy.deepcopy(model.model.state_dict())
        elif epoch - best_epoch >= settings["patience"]:
            break
    if state is not None:
        model.model.load_state_dict(state)
    return Trained(predict(parts.valid), predict(parts.test), best_epoch, epoch)
