"""Molecules per second and memory of ``bioassay-mtl screen``, beside RDKit alone.

RDKit alone means: the same number of processes, each of which does nothing but parse its share of
the same SMILES and compute the fingerprints that the model reads. Both are timed in turn, round by
round, and the ratio is taken within each round. On a machine that other work shares, trust the
ratio of processor seconds, not that of the clock.

    python -m benchmarks.screen_throughput [--model FOLDER] [--workers N] [--quick]
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

from benchmarks.report import report

REPOSITORY = Path(__file__).resolve().parent.parent
COMMAND = [sys.executable, "-m", "bioassay_mtl.cli.app", "screen"]
SAMPLING_SECONDS = 0.1

BARE = """
import json, sys, time
from rdkit import RDLogger
from rdkit.Chem import MolFromSmiles
from rdkit.Chem import rdFingerprintGenerator as g
RDLogger.DisableLog("rdApp.*")

def compute(f):
    common = {"includeChirality": f.get("chirality", False), "fpSize": f["n_bits"]}
    generator = {
        "morgan": lambda: g.GetMorganGenerator(radius=f["radius"], **common),
        "torsion": lambda: g.GetTopologicalTorsionGenerator(
            torsionAtomCount=f["n_atoms"], **common
        ),
        "atom_pair": lambda: g.GetAtomPairGenerator(
            minDistance=f["min_distance"], maxDistance=f["max_distance"], **common
        ),
        "rdkit_path": lambda: g.GetRDKitFPGenerator(
            minPath=f["min_path"], maxPath=f["max_path"], fpSize=f["n_bits"]
        ),
    }[f["kind"]]()
    return generator.GetCountFingerprint if f["counts"] else generator.GetFingerprint

config, path, share, shares = json.loads(sys.argv[1]), *sys.argv[2:]
prints = config["fingerprints"].values()
fingerprints = [compute(f) for f in prints if "n_bits" in f]  # not graphs
with open(path) as file:
    lines = file.readlines()[int(share)::int(shares)]
start = time.perf_counter()
for line in lines:
    mol = MolFromSmiles(line.split()[0])
    if mol is not None:
        for fingerprint in fingerprints:
            fingerprint(mol)
print(time.perf_counter() - start)
"""


def real_smiles() -> tuple[list[str], str]:
    """SMILES of MUV and of RDKit's NCI file, and where they are from."""
    from rdkit import RDConfig

    nci_file = Path(RDConfig.RDDataDir) / "NCI" / "first_5K.smi"
    nci = [line.split()[0] for line in nci_file.read_text().splitlines() if line.strip()]
    data = Path(os.environ.get("BIOASSAY_DATA", REPOSITORY.parent / "shared" / "data"))
    muv_file = data / "muv.csv.gz"
    if not muv_file.exists():
        return nci, f"NCI only, repeated ({muv_file.name} is not there: set BIOASSAY_DATA)"
    with gzip.open(muv_file, "rt", newline="") as file:
        muv = [row["smiles"] for row in csv.DictReader(file)]
    return muv + nci, "MUV + NCI, repeated"


def write_smiles(path: Path, smiles: list[str], n: int) -> None:
    """A SMILES file of n rows."""
    rows = islice(cycle(smiles), n)
    path.write_text("".join(f"{text} M{row}\n" for row, text in enumerate(rows, 1)))


class Run(NamedTuple):
    """One timed run: by the clock with and without start-up, and in processor seconds."""

    wall: float
    loop: float
    processor: float


def children_seconds() -> float:
    """Processor time of all child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run_bare(path: Path, config: str, processes: int) -> Run:
    """RDKit alone."""
    start, used = time.perf_counter(), children_seconds()
    running = [
        subprocess.Popen(
            [sys.executable, "-c", BARE, config, str(path), str(share), str(processes)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for share in range(processes)
    ]
    loops = [float(process.communicate()[0]) for process in running]
    return Run(time.perf_counter() - start, max(loops), children_seconds() - used)


def run_cli(
    path: Path, model: str, workers: int, device: str = "cpu"
) -> tuple[Run, dict[str, float], float]:
    """The command; also the seconds of each stage, and the peak memory of all processes in MB."""
    import psutil

    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "out.csv"
        command = [*COMMAND, str(path), "-o", str(output), "--model", model, "--device", device]
        start, used = time.perf_counter(), children_seconds()
        process = subprocess.Popen(
            [*command, "--workers", str(workers), "--json"], stdout=subprocess.PIPE, text=True
        )
        root, peak = psutil.Process(process.pid), 0
        while process.poll() is None:
            peak = max(peak, tree_bytes(root))
            time.sleep(SAMPLING_SECONDS)
        wall = time.perf_counter() - start
        assert process.stdout is not None
        summary = json.loads(process.stdout.read())
        assert process.returncode == 0
    seconds = summary["seconds"]
    return Run(wall, seconds["total"], children_seconds() - used), seconds, peak / 1e6


def tree_bytes(root: object) -> int:
    """Memory of a process and all below it; where the system tells, a shared page counts once."""
    import psutil

    total = 0
    try:
        for process in [root, *root.children(recursive=True)]:  # type: ignore[attr-defined]
            found = process.memory_full_info()
            total += getattr(found, "pss", found.rss)
    except psutil.NoSuchProcess:
        pass
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="pcba128", help="shipped model or model folder")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--device", default="cpu", help="where the network runs")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="10,000 rows, one round, no long run")
    options = parser.parse_args()
    if options.quick:
        options.rows, options.rounds = 10_000, 1

    from bioassay_mtl.models.folder import read_config
    from bioassay_mtl.models.shipped import find_model

    config = json.dumps(read_config(find_model(options.model))["featurizer"])
    smiles, source = real_smiles()
    place = "" if options.device == "cpu" else f", {options.device}"
    case = f"screen {options.rows} rows, {options.workers} workers{place}"
    aim = ">= 0.8" if options.model == "pcba128" else None  # networks of graphs take longer
    print(f"molecules: {source}", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "molecules.smi"
        write_smiles(path, smiles, options.rows)
        bare, cli, memory = [], [], []
        stages: dict[str, float] = {}
        for _ in range(options.rounds):
            bare.append(run_bare(path, config, options.workers))
            run, stages, peak = run_cli(path, options.model, options.workers, options.device)
            cli.append(run)
            memory.append(peak)
        for name, runs in (("end_to_end", cli), ("bare_rdkit", bare)):
            rate = statistics.median(options.rows / run.wall for run in runs)
            report(case, name, rate, "molecules/s")
            used = statistics.median(run.processor / options.rows * 1e6 for run in runs)
            report(case, f"{name}_processor", used, "us/molecule")
        ratios = [
            ("ratio", [b.wall / c.wall for b, c in zip(bare, cli, strict=True)]),
            ("ratio_without_startup", [b.loop / c.loop for b, c in zip(bare, cli, strict=True)]),
            (
                "ratio_processor",
                [b.processor / c.processor for b, c in zip(bare, cli, strict=True)],
            ),
        ]
        for name, values in ratios:
            report(case, name, statistics.median(values), "", aim)
        for stage, value in stages.items():
            report(case, f"last_round_{stage}", value / options.rows * 1e6, "us/molecule")
        report(case, "peak_memory", max(memory), "MB", "< 1000")
        if not options.quick:
            write_smiles(path, smiles, 10 * options.rows)
            run, _, peak = run_cli(path, options.model, options.workers, options.device)
            case = f"screen {10 * options.rows} rows, {options.workers} workers"
            report(case, "end_to_end", 10 * options.rows / run.wall, "molecules/s")
            report(case, "peak_memory", peak, "MB", "< 1000")
            report(case, "memory_growth", peak / max(memory), "x", "<= 1.05")


if __name__ == "__main__":
    main()
