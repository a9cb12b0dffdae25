"""ogbg-molpcba as OGB distributes it (Hu et al., https://arxiv.org/abs/2005.00687)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bioassay_mtl.errors import InputError
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import PARTS, Split
from bioassay_mtl.tasks.measured import telling

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
        A file is missing or cannot be read, or row numbers lie beyond the molecules, or
        the rows of a part cannot be scored.
    """
    header = _read(folder, MOLECULES, nrows=0).columns
    tasks = [name for name in header if name not in ("smiles", "mol_id")]
    types = {**dict.fromkeys(tasks, np.float32), "smiles": str, "mol_id": str}
    table = _read(folder, MOLECULES, usecols=[*types], dtype=types)
    # Rows stay where they are, copies of molecules too: the split counts them.
    panel = Panel.from_arrays(
        table["smiles"].tolist(), table[tasks].to_numpy(), tasks, ids=table["mol_id"].tolist()
    )
    train, valid, test = (_rows(folder, part, len(panel)) for part in PARTS)
    for part, rows in (("validation", valid), ("test", test)):
        if not telling(panel.cells.take(rows)).any():
            raise InputError(f"no assay has an active and an inactive {part} row", file=folder)
    return panel, Split(train, valid, test, len(panel))


def _rows(folder: Path, part: str, n: int) -> NDArray[np.int64]:
    name = SPLIT / f"{part}.csv.gz"
    rows = _read(folder, name, header=None, dtype=np.int64)[0].to_numpy()
    if len(rows) and (rows.min() < 0 or rows.max() >= n):
        raise InputError(f"row {rows.max()} of {n} molecules", file=folder / name)
    return rows


def _read(folder: Path, name: Path, **how: Any) -> pd.DataFrame:
    path = folder / name
    if not path.is_file():
        raise InputError(
            "there is no such file",
            file=path,
            hint="give the folder that OGB's download of ogbg-molpcba unpacks to",
        )
    try:
        table: pd.DataFrame = pd.read_csv(path, **how)
        return table
    except (ValueError, OSError, EOFError) as error:
        raise InputError(f"cannot be read: {error}", file=path) from error
