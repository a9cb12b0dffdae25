"""The network's part of a screen: batches of features in, probabilities out, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.features import Features
from bioassay_mtl.errors import ModelFolderError
from bioassay_mtl.nn.cores import stay_on_one_core
from bioassay_mtl.screening.beside import Beside
from bioassay_mtl.screening.summary import ANNOTATING, StageClock

WAITING_BYTES = 48_000_000
"""Bytes of batches that wait for the network; their number is limited too."""

BatchT = TypeVar("BatchT")
Predicted = tuple[BatchT, Features, NDArray[np.float32], Beside]


def predict_batches(
    batches: Iterable[tuple[BatchT, Features]],
    predicted: Callable[[Features], NDArray[np.float32]],
    *,
    threads: int,
    ahead: int,
    clock: StageClock,
    n_bytes: Callable[[BatchT, Features], int] = lambda batch, features: 0,
    annotate: Callable[[BatchT, Features, NDArray[np.float32]], Beside] | None = None,
) -> Generator[Predicted[BatchT], None, None]:
    """Probabilities of a stream of batches, asked for in threads beside the caller's.

    While a model is still loading, or is slower than what feeds it, batches wait.

    Parameters
    ----------
    batches
        Read lazily.
    predicted
        Asks the model: with one batch at a time in each thread.
    threads
        Batches that the network works on at a time, each on one core.
    ahead
        Batches that may wait at most.
    clock
        Clock that counts the time of the network, as ``predicting``.
    n_bytes
        Size of what waits for the network or the caller; `WAITING_BYTES` may wait in all.
    annotate
        Says more of a batch, in the same threads.

    Raises
    ------
    ModelFolderError
        The model predicts NaN or infinity for a molecule that it reads.
    """

    def predict(batch: BatchT, features: Features) -> tuple[NDArray[np.float32], Beside]:
        with clock.stage("predicting"):
            found = predicted(features)
        if not np.isfinite(found[features.ok]).all():
            raise ModelFolderError(
                "the model predicts what is no number: its weights are damaged, or far too large"
            )
        if annotate is None:
            return found, {}
        with clock.stage(ANNOTATING):
            return found, annotate(batch, features, found)

    Answer = Future[tuple[NDArray[np.float32], Beside]]
    waiting: deque[tuple[BatchT, Features, int, Answer]] = deque()
    held = 0
    # PyTorch's own threads would wait for each other behind the processes that featurize.
    pool = ThreadPoolExecutor(threads, thread_name_prefix="network", initializer=stay_on_one_core)
    try:
        for batch, features in batches:
            size = n_bytes(batch, features)
            waiting.append((batch, features, size, pool.submit(predict, batch, features)))
            held += size
            while waiting and (
                waiting[0][-1].done() or len(waiting) > ahead or held > WAITING_BYTES
            ):
                batch, features, size, future = waiting.popleft()
                held -= size
                yield batch, features, *future.result()
        while waiting:
            batch, features, _, future = waiting.popleft()
            yield batch, features, *future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
