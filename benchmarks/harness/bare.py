"""RDKit alone: parses each SMILES, makes its fingerprints, and does nothing else.

As a program it does so with a share of a file's molecules; nothing but RDKit is imported.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from rdkit.Chem import MolFromSmiles
from rdkit.Chem import rdFingerprintGenerator as generators
from rdkit.rdBase import BlockLogs


def rdkit_vector(settings: dict[str, Any]) -> Callable[[Any], Any]:
    """RDKit's own function for the same features, of all of a representation's settings."""
    kind = settings["kind"]
    if kind == "rdkit_descriptors":
        from rdkit.Chem.Descriptors import CalcMolDescriptors as descriptors

        return descriptors  # type: ignore[no-any-return]
    common = {"includeChirality": settings.get("chirality", False), "fpSize": settings["n_bits"]}
    generator = {
        "morgan": lambda f: generators.GetMorganGenerator(radius=f["radius"], **common),
        "torsion": lambda f: generators.GetTopologicalTorsionGenerator(
            torsionAtomCount=f["n_atoms"], **common
        ),
        "atom_pair": lambda f: generators.GetAtomPairGenerator(
            minDistance=f["min_distance"], maxDistance=f["max_distance"], **common
        ),
    }[kind](settings)
    return generator.GetCountFingerprint if settings["counts"] else generator.GetFingerprint  # type: ignore[no-any-return]


def bare(smiles: Iterable[str], vectors: list[Callable[[Any], Any]]) -> None:
    """Parse and featurize."""
    with BlockLogs():
        for text in smiles:
            if (mol := MolFromSmiles(text)) is not None:
                for vector in vectors:
                    vector(mol)


def main() -> None:
    """Every so manieth line, from some line on."""
    config, path, share, shares = sys.argv[1:]
    prints = json.loads(config)["fingerprints"].values()
    vectors = [rdkit_vector(each) for each in prints if "n_bits" in each]  # not graphs
    lines = Path(path).read_text().splitlines()[int(share) :: int(shares)]
    bare((line.split()[0] for line in lines), vectors)


if __name__ == "__main__":
    main()
