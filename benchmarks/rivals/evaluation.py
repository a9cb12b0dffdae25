"""The three evaluations: which rows a rival may fit on, choose on and is tested on."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

NAMES = ("A", "B-random", "B-scaffold")
HOLDOUT_SHARE = 0.1
HOLDOUT_SEED = 0


class DataAbsentError(FileNotFoundError):
    """The shared PCBA files are not where they were looked for."""


@dataclass(frozen=True)
class Evaluation:
    """Rows of one protocol.

    Attributes
    ----------
    name : str
        ``A``, ``B-random`` or ``B-scaffold``.
    tasks : tuple of str
        Assay names, in label column order.
    packed : (n_molecules, 128) uint8
        1,024 Morgan bits, packed.
    label : (n_molecules, n_tasks) int8
        1 active, 0 inactive, -1 not measured.
    smiles : tuple of str or None
        One SMILES a row; None for protocol A, which has no structures.
    train, fit, valid, test : (n,) int64
        Row numbers. ``train`` is the whole training part. ``fit`` and ``valid`` are for choices:
        with a random evaluation they divide ``train`` 90 / 10 (equal fingerprints stay on one
        side), with a scaffold evaluation ``fit`` is ``train`` and ``valid`` is the official part.
    """

    name: str
    tasks: tuple[str, ...]
    packed: NDArray[np.uint8]
    label: NDArray[np.int8]
    smiles: tuple[str, ...] | None
    train: NDArray[np.int64]
    fit: NDArray[np.int64]
    valid: NDArray[np.int64]
    test: NDArray[np.int64]


def find_data(given: str | None) -> Path:
    """Folder that holds the ``pcba`` files: the option, else BIOASSAY_DATA, else the default."""
    default = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    folder = Path(given or os.environ.get("BIOASSAY_DATA") or default)
    for name in ("pcba_fingerprints.npz", "pcba_smiles.csv.gz"):
        if not (folder / "pcba" / name).is_file():
            raise DataAbsentError(
                f"expected pcba/{name} in the data folder, found none; "
                "give the folder with --data or the environment variable BIOASSAY_DATA"
            )
    return folder


def load(name: str, folder: Path) -> Evaluation:
    """Read one evaluation from the shared PCBA files."""
    with np.load(folder / "pcba" / "pcba_fingerprints.npz", allow_pickle=False) as arrays:
        packed, label = arrays["fingerprint"], arrays["label"]
        tasks = tuple(str(task) for task in arrays["task"])
        part = arrays["part"].astype(str)
        row_number = arrays["row"]
    if name == "A":
        train, test = np.flatnonzero(part == "train"), np.flatnonzero(part == "public_test")
        fit, valid = cut_holdout(packed, train)
        return Evaluation(name, tasks, packed, label, None, train, fit, valid, test)
    table = pd.read_csv(
        folder / "pcba" / "pcba_smiles.csv.gz",
        usecols=["smiles", "row", "part", "ogb_split"],
        keep_default_na=False,
    )
    place = {int(number): index for index, number in enumerate(row_number)}
    rows = np.array([place[int(number)] for number in table["row"]])
    packed, label = packed[rows], label[rows]
    smiles = tuple(table["smiles"])
    if name == "B-random":
        split = table["part"].to_numpy()
        train, test = np.flatnonzero(split == "train"), np.flatnonzero(split == "public_test")
        fit, valid = cut_holdout(packed, train)
    elif name == "B-scaffold":
        split = table["ogb_split"].to_numpy()
        train, valid, test = (np.flatnonzero(split == key) for key in ("train", "valid", "test"))
        fit = train
    else:
        raise ValueError(f"expected a protocol of {NAMES}, found {name!r}")
    return Evaluation(name, tasks, packed, label, smiles, train, fit, valid, test)


def cut_holdout(
    packed: NDArray[np.uint8], train: NDArray[np.int64], share: float = HOLDOUT_SHARE
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Divide training rows (90 / 10 by default), rows of equal fingerprint on the same side."""
    _, group = np.unique(packed[train], axis=0, return_inverse=True)
    order = np.random.default_rng(HOLDOUT_SEED).permutation(group.max() + 1)
    held = np.zeros(len(order), dtype=bool)
    held[order[: round(share * len(order))]] = True
    inside = held[group.ravel()]
    return train[~inside], train[inside]


def shrink(whole: Evaluation, assays: int, rows: int) -> Evaluation:
    """Keep the assays with most actives and the first rows of each part (for ``--quick``)."""
    actives = (whole.label[whole.train] == 1).sum(axis=0)
    keep = np.sort(np.argsort(-actives, kind="stable")[:assays])
    train, test = whole.train[:rows], whole.test[: rows // 2]
    scaffold = whole.name == "B-scaffold"
    used = np.concatenate([train, whole.valid[: rows // 3], test] if scaffold else [train, test])
    place = np.full(len(whole.label), -1)
    place[used] = np.arange(len(used))

    def kept(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        return place[numbers][place[numbers] >= 0]

    return replace(
        whole,
        tasks=tuple(whole.tasks[index] for index in keep),
        packed=whole.packed[used],
        label=whole.label[np.ix_(used, keep)],
        smiles=None if whole.smiles is None else tuple(whole.smiles[row] for row in used),
        train=kept(train),
        fit=kept(whole.fit),
        valid=kept(whole.valid),
        test=kept(test),
    )
