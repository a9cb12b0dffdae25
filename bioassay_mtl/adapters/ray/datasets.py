"""Predictions beside the columns of a Ray Data data set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bioassay_mtl.adapters.ray.cluster import Shares, ray, shares
from bioassay_mtl.adapters.ray.features import ClusterPool
from bioassay_mtl.chem.features import Features
from bioassay_mtl.chem.parallel import featurize_batches
from bioassay_mtl.chem.status import Status
from bioassay_mtl.chem.supervised import DEFAULT_TIMEOUT
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.models.loading import PendingModel
from bioassay_mtl.tables import RecordBatch

if TYPE_CHECKING:
    import pyarrow as pa

REQUEST, BATCH = 1024, 8192
"""Molecules of a task, and of a batch that an actor is given."""

MOST_BLOCKS = 1 << 20
"""Most blocks of a data set: their number shows when it is read, and none is kept from an actor."""


def predict(
    dataset: Any,
    model: str | Path = "pcba128-fast",
    *,
    smiles: str = "smiles",
    device: str = "cpu",
    timeout: float = DEFAULT_TIMEOUT,
) -> Any:
    """A Ray Data data set with a model's predictions; computed when it is taken from.

    Parameters
    ----------
    dataset
        A ``ray.data.Dataset``, from any source.
    model
        A shipped model, or a model folder that all machines see.
    smiles
        Column of SMILES in the data set.
    device
        Device that the network runs on; with ``cuda`` each actor has one GPU.
    timeout
        Seconds that one molecule may take, else its status is ``timed_out``; 0 for no limit.

    Returns
    -------
    A ``ray.data.Dataset``: the same rows and columns, then ``status`` and a float32 column for each
    of the model's, null where the status is not ok.

    Raises
    ------
    MissingExtraError
        Ray is not installed.
    ConfigError
        The cluster has no GPU for `device`.
    """
    ray()
    share = shares(MOST_BLOCKS, device)
    return dataset.map_batches(
        Predicting,
        fn_constructor_args=(str(model), smiles, device, timeout, share),
        batch_format="pyarrow",
        batch_size=BATCH,
        compute=ray().data.ActorPoolStrategy(size=share.actors),
        num_cpus=0,  # the tasks that it waits for need all of them
        num_gpus=share.gpus,
    )


class Predicting:
    """An actor that predicts.

    Parameters
    ----------
    model, smiles, device, timeout
        See :func:`predict`.
    share
        Share of the cluster.
    """

    def __init__(self, model: str, smiles: str, device: str, timeout: float, share: Shares) -> None:
        self._model = PendingModel(model, device=device)
        self._smiles = smiles
        self._pool = ClusterPool(share.cores, timeout)

    def __call__(self, table: pa.Table) -> pa.Table:
        import pyarrow as pa

        if self._smiles not in table.column_names:
            there = ", ".join(table.column_names)
            raise ConfigError(f"smiles: no column {self._smiles!r} among {there}")
        texts = [text or "" for text in table[self._smiles].to_pylist()]
        status, predicted = [], []
        for features in self._features(texts):
            status.append(features.status)
            predicted.append(self._model.predict_features(features))
        codes, cells = np.concatenate(status), np.concatenate(predicted)
        names = [Status.from_code(code).value for code in codes.tolist()]
        table = table.append_column("status", pa.array(names, pa.string()))
        missing = codes != Status.OK.code
        for name, column in zip(self._model.columns, np.ascontiguousarray(cells.T), strict=True):
            table = table.append_column(name, pa.array(column, pa.float32(), mask=missing))
        return table

    def _features(self, texts: Sequence[str]) -> Iterator[Features]:
        batches = (
            RecordBatch(start + 1, [], list(texts[start : start + REQUEST]), "smiles")
            for start in range(0, len(texts), REQUEST)
        )
        found = featurize_batches(batches, self._model.featurizer, 0, pool=self._pool)
        yield from (features for _, features in found)
