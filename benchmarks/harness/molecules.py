"""Real molecules that come with RDKit, or in the data."""

from __future__ import annotations

import csv
import gzip
import os
from functools import cache
from pathlib import Path


class DataAbsentError(FileNotFoundError):
    """The real data are not where they were looked for."""


def data_folder() -> Path:
    """Where tables are looked for: BIOASSAY_DATA, which ``--data`` sets, else the default."""
    usual = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    return Path(os.environ.get("BIOASSAY_DATA") or usual)


def smiles_of() -> list[str]:
    """RDKit's 5,000 of the NCI."""
    from rdkit import RDConfig

    file = Path(RDConfig.RDDataDir) / "NCI" / "first_5K.smi"
    return [line.split()[0] for line in file.read_text().splitlines() if line.strip()]


@cache
def nci_smiles() -> list[str]:
    """Those of :func:`smiles_of` that RDKit can read."""
    from rdkit.Chem import MolFromSmiles
    from rdkit.rdBase import BlockLogs

    with BlockLogs():
        return [text for text in smiles_of() if MolFromSmiles(text) is not None]


def real_smiles() -> tuple[list[str], str]:
    """SMILES of MUV and of the NCI, and where they are from."""
    file = data_folder() / "muv.csv.gz"
    if not file.exists():
        return smiles_of(), f"NCI only, repeated ({file.name} is not there: set BIOASSAY_DATA)"
    with gzip.open(file, "rt", newline="") as stream:
        muv = [row["smiles"] for row in csv.DictReader(stream)]
    return muv + smiles_of(), "MUV + NCI, repeated"
