"""ogbg-molpcba as OGB distributes it (Hu et al., https://arxiv.org/abs/2005.00687)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bioassay_mtl.data.panel import Panel
from bioassay_mtl.data.splits import Split
from bioassay_mtl.errors import InputError

MOLECULES = Path("mapping") / "mol.csv.gz"
SPLIT = Path("split") / "scaffold"


def read_ogb(folder: Path) -> tuple[Panel, Split]:
    """The panel and its scaffold split.

    Parameters
    ----------
    folder
        Holds ``mapping/mol.csv.gz`` (a column for each assay, ``smiles``, ``mol_id``) and
        ``split/scaffold/{train,valid,test}.csv.gz`` (row numbers from 0, no header).

    Raises
    ------
    InputError
        A file is missing, or row numbers lie beyond the molecules.
    """
    header = pd.read_csv(_existing(folder, MOLECULES), nrows=0).columns
    tasks = [name for name in header if name not in ("smiles", "mol_id")]
    numbers = dict.fromkeys(tasks, np.float32)
    table = pd.read_csv(folder / MOLECULES, dtype={**numbers, "smiles": str, "mol_id": str})
    # Rows stay where they are, copies of molecules too: the split counts them.
    panel = Panel.from_arrays(
        table["smiles"].tolist(), table[tasks].to_numpy(), tasks, ids=table["mol_id"].tolist()
    )
    parts = [_rows(folder, part, len(panel)) for part in ("train", "valid", "test")]
    return panel, Split(*parts, len(panel))


def _rows(folder: Path, part: str, n: int) -> NDArray[np.int64]:
    path = _existing(folder, SPLIT / f"{part}.csv.gz")
    rows = pd.read_csv(path, header=None)[0].to_numpy(np.int64)
    if len(rows) and (rows.min() < 0 or rows.max() >= n):
        raise InputError(f"row {rows.max()} of {n} molecules", file=path)
    return rows


def _existing(folder: Path, name: Path) -> Path:
    path = folder / name
    if not path.is_file():
        raise InputError(
            "there is no such file",
            file=path,
            hint="give the folder that OGB's download of ogbg-molpcba unpacks to",
        )
    return path
