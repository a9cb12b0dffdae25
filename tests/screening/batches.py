"""Batches for the tests of this folder."""

from __future__ import annotations

import numpy as np

from bioassay_mtl.chem.status import Status
from bioassay_mtl.screening.batch import ScreenedBatch


def make_batch(
    n: int,
    n_assays: int,
    *,
    first_row: int = 1,
    file: str = "a.smi",
    seed: int = 0,
    known: bool = True,
) -> ScreenedBatch:
    """Random probabilities, every third record invalid, awkward texts among the fields.

    The second of every four molecules is one that the model was trained on, where it has `known`.
    """
    rng = np.random.default_rng(seed)
    status = np.where(np.arange(n) % 3 == 2, Status.INVALID_SMILES.code, 0).astype(np.uint8)
    probabilities = rng.random((n, n_assays), dtype=np.float32)
    probabilities[status != 0] = np.nan
    awkward = ["plain", 'say "hi"', "a,b", "tab\there", "two\nlines", "naïve β", "", "\x01"]
    return ScreenedBatch(
        first_row=first_row,
        file=file,
        ids=[awkward[i % len(awkward)] for i in range(n)],
        smiles=["C" * (1 + i % 5) for i in range(n)],
        status=status,
        probabilities=probabilities,
        in_training=np.arange(n) % 4 == 1 if known else None,
    )
