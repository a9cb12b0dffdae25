"""Molecules per second from SMILES to feature blocks, against bare RDKit, in one process.

Bare RDKit parses each SMILES and makes the same fingerprint, and does nothing else. Both are timed
in turn; of every thousand molecules the best round counts, which a busy machine disturbs least.

    python -m benchmarks.featurize [--quick]
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from typing import Any

from benchmarks.harness.bare import bare, rdkit_vector
from benchmarks.harness.molecules import smiles_of
from benchmarks.harness.study import begin, report
from benchmarks.harness.timing import in_turn, seconds_of
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.fingerprints import fingerprint_from

CASES: dict[str, dict[str, Any]] = {
    "morgan": {"kind": "morgan"},
    "morgan_4096_counts": {"kind": "morgan", "n_bits": 4096, "counts": True},
    "torsion_counts": {"kind": "torsion", "counts": True},
    "torsion": {"kind": "torsion"},
    "atom_pair": {"kind": "atom_pair"},
    "maccs": {"kind": "maccs"},
    "rdkit_path": {"kind": "rdkit_path"},
    "rdkit_descriptors": {"kind": "rdkit_descriptors"},
}
SLOW = {"maccs": 2_000, "rdkit_path": 2_000, "rdkit_descriptors": 2_000}
"""Molecules of the slow ones."""
PART = 1_000


def run(asked: argparse.Namespace) -> None:
    molecules, rounds = smiles_of()[: 2_000 if asked.quick else None], 1 if asked.quick else 3
    for name, settings in CASES.items():
        featurizer, smiles = Featurizer({name: fingerprint_from(settings)}), molecules
        smiles = smiles[: SLOW.get(name)]
        vectors = [rdkit_vector(featurizer.config()["fingerprints"][name])]
        spent = {"bare RDKit rate": 0.0, "rate": 0.0}
        for part in (smiles[first : first + PART] for first in range(0, len(smiles), PART)):
            turns = {
                "bare RDKit rate": partial(bare, part, vectors),
                "rate": partial(seconds_of, partial(featurizer, part)),
            }
            for metric, seconds in in_turn(turns, rounds).items():
                spent[metric] += min(seconds)
        case = f"{name}, 1 worker"
        for metric, seconds_spent in spent.items():
            report(case, metric, len(smiles) / seconds_spent, "molecules/s")
        ratio = spent["bare RDKit rate"] / spent["rate"]
        report(case, "ratio", ratio, "ours / bare", ">= 0.95")


if __name__ == "__main__":
    sys.exit(begin(__doc__, run, "fewer molecules, one repeat"))
