"""DeepChem's MultitaskClassifier or -Regressor, one hidden layer of 1,000, weights = mask."""

from __future__ import annotations

import contextlib
import copy
import io
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from benchmarks.rivals import scores
from bioassay_mtl.tasks.labels import is_measured

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
    label: NDArray[Any],
    rows: dict[str, NDArray[np.int64]],
    tasks: tuple[str, ...],
    seed: int,
    epochs: int = EPOCHS,
    stop_early: bool = True,
    minutes: float = float("inf"),
    score: Callable[[NDArray[np.floating]], float] | None = None,
) -> NetworkResult:
    """Fit with early stopping, or for a given number of epochs.

    Parameters
    ----------
    x : (n_molecules, n_features) sparse
    label : (n_molecules, n_tasks) int8 or float
        1 active, 0 inactive, -1 not measured (weight 0); or values in standard units, NaN where not
        measured.
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
    score : callable or None
        From predictions of ``valid`` to what is highest in the best epoch; None for macro AP.
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
            x[numbers].toarray(),
            np.where(is_measured(known), known, 0),
            is_measured(known).astype(np.float32),
        )

    def average_precision(guess: NDArray[np.floating]) -> float:
        return scores.macro(scores.score_all(label[rows["valid"]], guess, tasks)).ap

    score = score or average_precision
    parts = {name: dataset(numbers) for name, numbers in rows.items()}
    with tempfile.TemporaryDirectory() as folder:
        of_values = label.dtype.kind == "f"
        kind = "MultitaskRegressor" if of_values else "MultitaskClassifier"
        model = getattr(deepchem.models, kind)(
            n_tasks=len(tasks),
            n_features=x.shape[1],
            layer_sizes=list(LAYERS),
            dropouts=DROPOUT,
            batch_size=BATCH,
            learning_rate=LEARNING_RATE,
            model_dir=folder,
            device=torch.device("cpu"),
        )

        def predict(part: str) -> NDArray[np.floating]:
            found = model.predict(parts[part])
            return np.asarray(found[..., 0] if of_values else found[..., 1])

        best, best_epoch, best_state, epoch = -np.inf, 0, None, 0
        for epoch in range(1, epochs + 1):
            model.fit(parts["fit"], nb_epoch=1, checkpoint_interval=0)
            if not stop_early:
                best_epoch = epoch
                continue
            now = score(predict("valid"))
            if now > best:
                best, best_epoch = now, epoch
                best_state = copy.deepcopy(model.model.state_dict())
            out_of_time = time.monotonic() - started > minutes * 60
            if out_of_time or epoch - best_epoch >= PATIENCE:
                break
        if best_state is not None:
            model.model.load_state_dict(best_state)
        valid, test = predict("valid"), predict("test")
    return NetworkResult(valid, test, best_epoch, epoch)
