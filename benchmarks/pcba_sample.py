"""The PCBA sample: 65,774 molecules x 128 assays as packed fingerprints, SMILES where known.

The folder holds ``pcba_fingerprints.npz`` (arrays ``fingerprint (n, 128) uint8``,
``label (n, T) int8``, ``task``, ``part``, ``row``) and ``pcba_smiles.csv.gz`` (columns ``smiles``,
``row``, ``ogb_split``), joined by ``row``.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.features import PackedBits
from bioassay_mtl.errors import InputError
from bioassay_mtl.panels.panel import Panel

N_BITS = 1024


def read_pcba(folder: str | Path) -> Panel:
    """Read all rows of the PCBA sample.

    Returns
    -------
    Panel
        ``features["morgan"]``: 1,024-bit Morgan, radius 2; ``structures``: SMILES, empty where not
        known; ``columns``: ``row``, ``part`` (``train``, ``public_test``) and ``ogb_split``
        (``train``, ``valid``, ``test`` or empty).
    """
    import pandas as pd

    folder = Path(folder)
    arrays = _arrays(folder / "pcba_fingerprints.npz")
    source = folder / "pcba_smiles.csv.gz"
    if not source.is_file():
        raise InputError("the file is missing", file=source)
    table = pd.read_csv(
        source, usecols=["smiles", "row", "ogb_split"], dtype=str, keep_default_na=False
    )
    by_row = table.set_index("row").reindex(arrays["row"].astype(str), fill_value="")
    return Panel(
        structures=by_row["smiles"].tolist(),
        features={"morgan": PackedBits(arrays["fingerprint"], N_BITS)},
        labels=arrays["label"],
        tasks=tuple(arrays["task"].tolist()),
        ids=arrays["row"].astype(str).tolist(),
        columns={
            "row": arrays["row"].astype(str).tolist(),
            "part": arrays["part"].tolist(),
            "ogb_split": by_row["ogb_split"].tolist(),
        },
    )


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as held:
            return {k: held[k] for k in ("fingerprint", "label", "task", "part", "row")}
    except FileNotFoundError:
        raise InputError("the file is missing", file=path) from None
    except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise InputError(f"not the PCBA arrays: {error}", file=path) from None
