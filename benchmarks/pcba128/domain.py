"""Give the shipped models what is known of their training molecules: ``domain.safetensors``.

``python -m benchmarks.pcba128.domain [--data FOLDER]``: both ``pcba128`` and ``pcba128-mix`` were
fitted on all rows of the PCBA sample that have a SMILES. All other files stay as they are, to the
byte, but for the list of files in ``config.json``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from benchmarks.pcba_sample import read_pcba
from benchmarks.report import report
from benchmarks.rivals.evaluation import DataAbsentError, find_data
from bioassay_mtl.chem.features import PackedBits
from bioassay_mtl.domain import Domain
from bioassay_mtl.models.domain import NAME, DomainFile
from bioassay_mtl.models.folder import amend_folder
from bioassay_mtl.models.shipped import find_model

MODELS = ("pcba128", "pcba128-mix")


def main() -> int:
    """Write both folders."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder with pcba/")
    arguments = parser.parse_args()
    try:
        data = find_data(arguments.data)
    except DataAbsentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    domain = training_domain(data / "pcba")
    for name in MODELS:
        folder = find_model(name)
        amend_folder(folder, {NAME: domain})
        held = (folder / DomainFile.files[0]).stat().st_size
        case = f"{name} model folder"
        report(case, "domain", held / len(domain), "bytes/molecule", "<= 128")
        size = sum(path.stat().st_size for path in folder.iterdir())
        report(case, "size", size / 2**20, "MiB", "<= 28")
    return 0


def training_domain(folder: Path) -> Domain:
    """Fingerprints, SMILES and labels of the rows that both models were fitted on."""
    panel = read_pcba(folder)
    panel = panel.take(np.flatnonzero(panel.has_structure))
    assert panel.structures is not None
    prints = (panel.features or {})["morgan"]
    assert isinstance(prints, PackedBits)
    return Domain(prints.packed, panel.cells, panel.structures)


if __name__ == "__main__":
    sys.exit(main())
