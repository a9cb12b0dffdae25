"""Molecules per second from SMILES to feature blocks, against bare RDKit.

Bare RDKit parses each SMILES and makes the same fingerprint, and does nothing else; it runs in as
many processes. Both are timed in turn.

Run with ``python -m benchmarks.featurize [--quick] [--smiles FILE]``; prints one JSON object a
line.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.report import report
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.fingerprints import Fingerprint, fingerprint_from
from bioassay_mtl.chem.parallel import featurize
from bioassay_mtl.data.readers import read_records

CASES: dict[str, dict[str, Any]] = {
    "morgan": {"kind": "morgan"},
    "morgan_4096_counts": {"kind": "morgan", "n_bits": 4096, "counts": True},
    "torsion_counts": {"kind": "torsion", "counts": True},
    "torsion": {"kind": "torsion"},
    "atom_pair": {"kind": "atom_pair"},
    "maccs": {"kind": "maccs"},
    "rdkit_path": {"kind": "rdkit_path"},
}
SLOW = ("maccs", "rdkit_path")


def bare(smiles: Sequence[str], settings: dict[str, Any]) -> None:
    """Parse and fingerprint, nothing else."""
    from rdkit.Chem import MolFromSmiles
    from rdkit.rdBase import BlockLogs

    vector = rdkit_vector(fingerprint_from(settings))
    with BlockLogs():
        for text in smiles:
            mol = MolFromSmiles(text)
            if mol is not None:
                vector(mol)


def rdkit_vector(fingerprint: Fingerprint) -> Callable[[Any], Any]:
    """RDKit's own function for the same fingerprint."""
    from rdkit.Chem import rdFingerprintGenerator as generators
    from rdkit.Chem.rdMolDescriptors import GetMACCSKeysFingerprint

    if fingerprint.kind == "maccs":
        vector: Callable[[Any], Any] = GetMACCSKeysFingerprint
        return vector
    generator = {
        "morgan": lambda: generators.GetMorganGenerator(radius=2, fpSize=fingerprint.n_bits),
        "torsion": lambda: generators.GetTopologicalTorsionGenerator(fpSize=fingerprint.n_bits),
        "atom_pair": lambda: generators.GetAtomPairGenerator(fpSize=fingerprint.n_bits),
        "rdkit_path": lambda: generators.GetRDKitFPGenerator(fpSize=fingerprint.n_bits),
    }[fingerprint.kind]()
    vector = generator.GetCountFingerprint if fingerprint.counts else generator.GetFingerprint
    return vector


def bare_parallel(smiles: Sequence[str], settings: dict[str, Any], workers: int) -> None:
    """The same in ``workers`` processes, each with its share."""
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=_bare_share, args=(smiles[i::workers], settings))
        for i in range(workers)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()


def _bare_share(smiles: Sequence[str], settings: dict[str, Any]) -> None:
    if hasattr(os, "setsid"):
        os.setsid()  # a session of its own, as our workers have: schedulers share time by session
    bare(smiles, settings)


def main() -> None:
    """Run every case."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer molecules, one repeat")
    parser.add_argument("--smiles", type=Path, help="file of SMILES (default: RDKit's NCI set)")
    options = parser.parse_args()
    smiles = _smiles(options.smiles)[: 2_000 if options.quick else 20_000]
    for name, settings in CASES.items():
        share = smiles[:2_000] if name in SLOW else smiles
        for workers in (1, 2):
            compare(name, settings, share, workers, rounds=1 if options.quick else 3)


def compare(
    name: str, settings: dict[str, Any], smiles: Sequence[str], workers: int, rounds: int
) -> None:
    """Report both rates and their ratio.

    One process: the best round for every thousand molecules, which a busy machine disturbs least.
    Several: the median of the ratios of whole rounds, from the start of the processes on.
    """
    featurizer = Featurizer({name: fingerprint_from(settings)})
    step = 1_000 if workers == 1 else len(smiles)
    rdkit = ours = 0.0
    ratios = []
    for part in (smiles[i : i + step] for i in range(0, len(smiles), step)):
        bare_seconds, our_seconds = [], []
        for _ in range(rounds):
            start = time.perf_counter()
            if workers == 1:
                bare(part, settings)
            else:
                bare_parallel(part, settings, workers)
            middle = time.perf_counter()
            featurize(part, featurizer, workers)
            bare_seconds.append(middle - start)
            our_seconds.append(time.perf_counter() - middle)
            ratios.append(bare_seconds[-1] / our_seconds[-1])
        rdkit += min(bare_seconds)
        ours += min(our_seconds)
    ratio = rdkit / ours if workers == 1 else statistics.median(ratios)
    case = f"{name}, {workers} worker{'s' * (workers > 1)}"
    report(case, "rate", len(smiles) / ours, "molecules/s")
    report(case, "bare RDKit rate", len(smiles) / rdkit, "molecules/s")
    report(case, "ratio", ratio, "ours / bare", ">= 0.95")


def _smiles(path: Path | None) -> list[str]:
    if path is None:
        from rdkit import RDConfig

        path = Path(RDConfig.RDDataDir) / "NCI" / "first_5K.smi"
    return [text for batch in read_records(path) for text in batch.structures]


if __name__ == "__main__":
    main()
