"""Molecules per second from SMILES to feature blocks, against bare RDKit, in one process.

Bare RDKit parses each SMILES and makes the same fingerprint, and does nothing else. Both are timed
in turn; of every thousand molecules the best round counts, which a busy machine disturbs least.

    python -m benchmarks.featurize [--quick]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.harness.bare import bare, rdkit_vector
from benchmarks.harness.molecules import smiles_of
from benchmarks.harness.study import begin, report
from benchmarks.harness.timing import in_parts
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.fingerprints import fingerprint_from

CASES: dict[str, dict[str, Any]] = {
    "morgan": {"kind": "morgan"},
    "morgan_4096_counts": {"kind": "morgan", "n_bits": 4096, "counts": True},
    "torsion_counts": {"kind": "torsion", "counts": True},
    "torsion": {"kind": "torsion"},
    "atom_pair": {"kind": "atom_pair"},
    "rdkit_descriptors": {"kind": "rdkit_descriptors"},
}
SLOW = {"rdkit_descriptors": 2_000}
"""Molecules of the slow one."""


def run(asked: argparse.Namespace) -> None:
    molecules, rounds = smiles_of()[: 2_000 if asked.quick else None], 1 if asked.quick else 3
    for name, settings in CASES.items():
        featurizer, smiles = Featurizer({name: fingerprint_from(settings)}), molecules
        smiles = smiles[: SLOW.get(name)]
        vectors = [rdkit_vector(featurizer.config()["fingerprints"][name])]
        alone = partial(bare, vectors=vectors)
        makers: dict[str, Callable[[Any], object]] = {"bare RDKit rate": alone, "rate": featurizer}
        turns = in_parts(smiles, makers, 1_000, rounds)
        spent = {metric: sum(map(min, times)) for metric, times in turns.items()}
        for metric, seconds in spent.items():
            report(f"{name}, 1 worker", metric, len(smiles) / seconds, "molecules/s")
        ratio = spent["bare RDKit rate"] / spent["rate"]
        report(f"{name}, 1 worker", "ratio", ratio, "ours / bare", ">= 0.95")


if __name__ == "__main__":
    sys.exit(begin(__doc__, run, "fewer molecules, one repeat"))
