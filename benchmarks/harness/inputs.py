"""Matrices that rivals read: the 1,024 bits that come with PCBA, and counts with torsions."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from benchmarks.harness.ledger import CACHE

MORGAN_SIZE = 4096
TORSION_SIZE = 2048
DESCRIPTION = {
    "bits": "1,024 Morgan bits, radius 2",
    "counts": "4,096 log2(1 + count) Morgan radius 2 + 2,048 log2(1 + count) topological torsions",
    "graph": "atom and bond graph, chemprop's default featurizer",
}


def bits(packed: NDArray[np.uint8]) -> sparse.csr_matrix:
    """Unpack (n, 128) bytes to a sparse (n, 1024) float32 matrix of 0 and 1."""
    return sparse.csr_matrix(np.unpackbits(packed, axis=1), dtype=np.float32)


def counts(smiles: tuple[str, ...]) -> sparse.csr_matrix:
    """Sparse (n, 6144) float32: log2(1 + count), Morgan radius 2 then topological torsions.

    The matrix is kept in a git-ignored folder under a digest of the SMILES.
    """
    digest = hashlib.sha256("\n".join(smiles).encode()).hexdigest()[:12]
    path = CACHE / f"counts-{MORGAN_SIZE}-{TORSION_SIZE}-{digest}.npz"
    if path.is_file():
        return sparse.csr_matrix(sparse.load_npz(path))
    from rdkit import Chem
    from rdkit.Chem import rdFingerprintGenerator as generators

    morgan = generators.GetMorganGenerator(radius=2, fpSize=MORGAN_SIZE)
    torsion = generators.GetTopologicalTorsionGenerator(fpSize=TORSION_SIZE)
    column: list[int] = []
    value: list[int] = []
    start = [0]
    for line, text in enumerate(smiles):
        molecule = Chem.MolFromSmiles(text)
        if molecule is None:
            raise ValueError(f"expected a SMILES that parses, found {text!r} in row {line}")
        for generator, shift in ((morgan, 0), (torsion, MORGAN_SIZE)):
            found = generator.GetCountFingerprint(molecule).GetNonzeroElements()
            column.extend(key + shift for key in found)
            value.extend(found.values())
        start.append(len(column))
    data = np.log2(1.0 + np.asarray(value)).astype(np.float32)
    shape = (len(smiles), MORGAN_SIZE + TORSION_SIZE)
    matrix = sparse.csr_matrix((data, np.asarray(column), np.asarray(start)), shape=shape)
    matrix.sort_indices()
    path.parent.mkdir(parents=True, exist_ok=True)
    sparse.save_npz(path, matrix)
    return matrix
