"""Predict without PyTorch and without bioassay_mtl: RDKit, NumPy and ONNX Runtime.

    bioassay-mtl export pcba128 --out pcba128.onnx
    python examples/onnx_runtime.py pcba128.onnx "CC(=O)Oc1ccccc1C(=O)O"

The file says in its metadata which fingerprints it reads; this program knows Morgan, torsion and
atom pair ones, which the shipped model reads.
"""

import json
import sys
from typing import Any

import numpy as np
import onnxruntime
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator as generators


def generator(settings: dict[str, Any]) -> Any:
    """RDKit's generator of one input."""
    size, chiral = settings["n_bits"], settings["chirality"]
    if settings["kind"] == "morgan":
        return generators.GetMorganGenerator(
            radius=settings["radius"], fpSize=size, includeChirality=chiral
        )
    if settings["kind"] == "torsion":
        return generators.GetTopologicalTorsionGenerator(
            torsionAtomCount=settings["n_atoms"], fpSize=size, includeChirality=chiral
        )
    return generators.GetAtomPairGenerator(
        minDistance=settings["min_distance"],
        maxDistance=settings["max_distance"],
        fpSize=size,
        includeChirality=chiral,
    )


def main(path: str, *smiles: str) -> None:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    facts = session.get_modelmeta().custom_metadata_map
    mols = [Chem.MolFromSmiles(text) for text in smiles]
    inputs = {}
    for name, settings in json.loads(facts["featurizer"])["fingerprints"].items():
        makes = generator(settings)
        counts = [makes.GetCountFingerprintAsNumPy(mol) for mol in mols]
        largest = 255 if settings["counts"] else 1
        inputs[name] = np.minimum(counts, largest).astype(np.uint8)
    (predictions,) = session.run(["predictions"], inputs)
    columns = json.loads(facts["columns"])
    print("smiles", *columns, sep="\t")
    for text, row in zip(smiles, predictions, strict=True):
        print(text, *(f"{value:.6f}" for value in row), sep="\t")


if __name__ == "__main__":
    main(*sys.argv[1:])
