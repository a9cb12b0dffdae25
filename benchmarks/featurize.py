"""Molecules per second from SMILES to feature blocks, against bare RDKit.

Bare RDKit parses each SMILES and makes the same fingerprint, and does nothing else; it runs in as
many processes. Both are timed in turn. At last graphs, as ``benchmarks.featurize_graphs`` alone.

Run with ``python -m benchmarks.featurize [--quick]``; prints one JSON object a
line.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Sequence
from typing import Any

from benchmarks.featurize_graphs import compare_graphs
from benchmarks.harness.bare import bare, rdkit_vector
from benchmarks.harness.molecules import nci_smiles, smiles_of
from benchmarks.harness.study import parser, report
from benchmarks.harness.timing import seconds_of
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.fingerprints import fingerprint_from
from bioassay_mtl.chem.parallel import featurize, featurize_batches
from bioassay_mtl.tables import RecordBatch

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


def bare_parallel(smiles: Sequence[str], settings: dict[str, Any], workers: int) -> float:
    """Seconds until the last of ``workers`` processes, started beforehand, has done its share."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(workers + 1)
    processes = [
        context.Process(target=_bare_share, args=(smiles[i::workers], settings, barrier))
        for i in range(workers)
    ]
    for process in processes:
        process.start()
    barrier.wait()
    start = time.perf_counter()
    for process in processes:
        process.join()
    return time.perf_counter() - start


def _bare_share(smiles: Sequence[str], settings: dict[str, Any], barrier: Any) -> None:
    if hasattr(os, "setsid"):
        os.setsid()  # a session of its own, as our workers have: schedulers share time by session
    vectors = [rdkit_vector(settings)]
    bare(smiles[:100], vectors)
    barrier.wait()
    bare(smiles, vectors)


def main() -> None:
    """Run every case."""
    quick = parser(__doc__, "fewer molecules, one repeat").parse_args().quick
    smiles, rounds = smiles_of()[: 2_000 if quick else None], 1 if quick else 3
    for name, settings in CASES.items():
        for workers in (1, 2):
            compare(name, settings, smiles[: SLOW.get(name)], workers, rounds)
    compare_graphs(nci_smiles(), rounds)


def compare(
    name: str, settings: dict[str, Any], smiles: Sequence[str], workers: int, rounds: int
) -> None:
    """Report both rates and their ratio.

    One process: the best round for every thousand molecules, which a busy machine disturbs least.
    Several: the best round of all molecules, less the start of the processes, reported beside.
    """
    featurizer = Featurizer({name: fingerprint_from(settings)})
    settings = featurizer.config()["fingerprints"][name]
    step = 1_000 if workers == 1 else len(smiles)
    rdkit = ours = 0.0
    for part in (smiles[first : first + step] for first in range(0, len(smiles), step)):
        turns = [one_turn(part, settings, featurizer, workers) for _ in range(rounds)]
        bare_seconds, our_seconds = (min(column) for column in zip(*turns, strict=True))
        rdkit += bare_seconds
        ours += our_seconds
    case = f"{name}, {workers} worker{'s' * (workers > 1)}"
    if workers > 1:
        start = min(seconds_of(lambda: start_workers(featurizer, workers)) for _ in range(rounds))
        report(case, "start", start, "s")
        ours -= start
    report(case, "rate", len(smiles) / ours, "molecules/s")
    report(case, "bare RDKit rate", len(smiles) / rdkit, "molecules/s")
    report(case, "ratio", rdkit / ours, "ours / bare", ">= 0.95")


def one_turn(
    smiles: Sequence[str], settings: dict[str, Any], featurizer: Featurizer, workers: int
) -> tuple[float, float]:
    """Seconds of bare RDKit and of ours."""
    if workers == 1:
        bare_seconds = bare(smiles, [rdkit_vector(settings)])
    else:
        bare_seconds = bare_parallel(smiles, settings, workers)
    return bare_seconds, seconds_of(lambda: featurize(smiles, featurizer, workers))


def start_workers(featurizer: Featurizer, workers: int) -> None:
    """Start workers, give each next to nothing to do, and end them."""
    batches = [RecordBatch(1, [""], ["C"], "smiles")] * workers
    for _ in featurize_batches(batches, featurizer, workers):
        pass


if __name__ == "__main__":
    main()
