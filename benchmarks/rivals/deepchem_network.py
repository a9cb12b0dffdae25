"""DeepChem's MultitaskClassifier, one hidden layer of 1,000, weights = mask."""

from __future__ import annotations

import contextlib
import copy
import io
import tempfile
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from benchmarks.rivals import scores

LAYERS = (1000,)
DROPOUT = 0.5
BATCH = 100
LEARNING_RATE = 1e-3
EPOCHS = 30
PATIENCE = 4
SETTINGS: dict[str, Any] = {
    "layer_sizes": list(LAYERS),
    "dropouts": DROPOUT,
    "batch_size": BATCH,
    "learning_rate": LEARNING_RATE,
    "epochs_at_most": EPOCHS,
    "patience": PATIENCE,
    "stop_on": "macro AP of the validation rows, best epoch's weights kept",
    "weights": "mask",
}


@dataclass(frozen=True)
class NetworkResult:
    """Predictions (n, n_tasks) of validation and test rows, and the epoch they come from."""

    valid: NDArray[np.floating]
    test: NDArray[np.floating]
    best_epoch: int
    epochs: int


def fit_network(
    x: sparse.csr_matrix,
    label: NDArray[np.int8],
    rows: dict[str, NDArray[np.int64]],
    tasks: tuple[str, ...],
    seed: int,
    epochs: int = EPOCHS,
    stop_early: bool = True,
    minutes: float = float("inf"),
) -> NetworkResult:
    """Fit with early stopping, or for a given number of epochs.

    Parameters
    ----------
    x : (n_molecules, n_features) sparse
    label : (n_molecules, n_tasks) int8
        1 active, 0 inactive, -1 not measured (weight 0).
    rows : dict
        Row numbers under ``fit``, ``valid`` and ``test``.
    tasks : tuple of str
    seed : int
    epochs : int
        Largest number of epochs, or the very number where ``stop_early`` is False.
    stop_early : bool
        Keep the weights of the epoch of highest macro AP on ``valid``.
    minutes : float
        Begin no epoch after this long.
    """
    started = time.monotonic()
    # DeepChem greets on both streams at import; the results must stay one JSON object a line.
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        import deepchem
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002  (DeepChem shuffles with numpy's global state.)

    def dataset(numbers: NDArray[np.int64]) -> Any:
        known = label[numbers]
        return deepchem.data.NumpyDataset(
            x[numbers].toarray(), np.maximum(known, 0), (known >= 0).astype(np.float32)
        )

    parts = {name: dataset(numbers) for name, numbers in rows.items()}
    with tempfile.TemporaryDirectory() as folder:
        model = deepchem.models.MultitaskClassifier(
            n_tasks=len(tasks),
            n_features=x.shape[1],
            layer_sizes=list(LAYERS),
            dropouts=DROPOUT,
            batch_size=BATCH,
            learning_rate=LEARNING_RATE,
            model_dir=folder,
            device=torch.device("cpu"),
        )
        best_ap, best_epoch, best_state, epoch = -1.0, 0, None, 0
        for epoch in range(1, epochs + 1):
            model.fit(parts["fit"], nb_epoch=1, checkpoint_interval=0)
            if not stop_early:
                best_epoch = epoch
                continue
            guess = model.predict(parts["valid"])[..., 1]
            ap = scores.macro(scores.score_all(label[rows["valid"]], guess, tasks)).ap
            if ap > best_ap:
                best_ap, best_epoch = ap, epoch
                best_state = copy.deepcopy(model.model.state_dict())
            out_of_time = time.monotonic() - started > minutes * 60
            if out_of_time or epoch - best_epoch >= PATIENCE:
                break
        if best_state is not None:
            model.model.load_state_dict(best_state)
        valid = model.predict(parts["valid"])[..., 1]
        test = model.predict(parts["test"])[..., 1]
    return NetworkResult(valid, test, best_epoch, epoch)
