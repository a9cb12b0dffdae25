"""All that is to be measured on a GPU, in one command of at most 40 minutes.

``python -m benchmarks.gpu --out FOLDER [--data FOLDER] [--device cuda] [--quick]``: parity with the
CPU, step times at 128 and 617 tasks with the balancers (two-step ``all`` against the naive loop
among them) and their peak memory, training of both shipped models' experts, screening on all cores,
steps that are compiled, and the mixture's calibration out of fold. Each stage is a process of its
own; one that fails or runs out of its time is reported as such, and the others go on. Figures are
printed and kept in ``FOLDER/results.jsonl``, weights beside them. ``--quick`` tries all stages at
small sizes, on the CPU too.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from benchmarks import balance_step
from benchmarks.harness.datasets import find_data, read_pcba
from benchmarks.harness.molecules import nci_smiles
from benchmarks.harness.provenance import provenance, used_by_torch
from benchmarks.harness.study import ended, parser, report
from benchmarks.pcba128.__main__ import config_of, fit_all, with_features
from benchmarks.pcba128.calibrate import losses, out_of_fold
from benchmarks.pcba128_mix import fit_graph, graph_config
from bioassay_mtl.models.folder import amend_folder
from bioassay_mtl.models.join import join
from bioassay_mtl.models.model import Model
from bioassay_mtl.nn.devices import found_device
from bioassay_mtl.splits import Split
from bioassay_mtl.training import train
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.evidence import beside_of

MINUTES = 40
OUT_OF_TIME = 124
SHIPPED = ("pcba128", "pcba128-mix")


@dataclass(frozen=True)
class Stage:
    """A process, and how many minutes it may take."""

    name: str
    words: tuple[str, ...]
    minutes: float


def stages(asked: argparse.Namespace) -> Iterator[Stage]:
    """In their order."""
    quick = ("--quick",) if asked.quick else ()
    more = ("--device", asked.device, *(("--data", asked.data) if asked.data else ()), *quick)

    def own(name: str, what: str, out: str, minutes: float) -> Stage:
        words = ("benchmarks.gpu", "--out", str(Path(asked.out) / out), *more)
        return Stage(f"{name} {what}".strip(), (*words, "--stage", name, what), minutes)

    yield own("parity", "", "", 3)
    for n_tasks in (4,) if asked.quick else (128, 617):
        yield own("steps", str(n_tasks), "", 5)
    for kind in ("fingerprints", "graph"):
        yield own("training", kind, kind, 5)
    words = ("benchmarks.screen_throughput", "--rounds", "1", "--device", asked.device, *quick)
    for model in SHIPPED:
        yield Stage(f"screen {model}", (*words, "--model", model), 3)
    words = ("benchmarks.train_step_compiled", "--device", asked.device, *quick)
    yield Stage("compiled steps", words, 2)
    yield own("calibration", "", "mixture", 9)


def run_all(asked: argparse.Namespace) -> int:
    """Run all stages; 1 where one of them failed."""
    Path(asked.out).mkdir(parents=True)
    begun = time.monotonic()
    with (Path(asked.out) / "results.jsonl").open("w") as kept:
        keep(kept.write, json.dumps(provenance(used_by_torch(asked.device))) + "\n")
        codes = []
        for stage in stages(asked):
            left = 60 * MINUTES - (time.monotonic() - begun)
            codes.append(run(stage, min(60 * stage.minutes, left), kept.write))
            kept.flush()
    minutes = (time.monotonic() - begun) / 60
    report("all stages", "wall_time", minutes, "min", f"<= {MINUTES}")
    return int(any(codes))


def run(stage: Stage, seconds: float, write: Callable[[str], object]) -> int:
    """What a stage prints, and how it ended."""
    start = time.monotonic()
    command = [sys.executable, "-m", *stage.words]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, timeout=max(1, seconds), check=False)
        said, code = done.stdout, done.returncode
    except subprocess.TimeoutExpired as error:
        said, code = error.stdout or b"", OUT_OF_TIME
    keep(write, said.decode())
    for metric, value, unit, target in (
        ("exit_code", code, "1", "0"),
        ("wall_time", time.monotonic() - start, "s", None),
    ):
        line = {"case": stage.name, "metric": metric, "value": round(value, 1), "unit": unit}
        keep(write, json.dumps(line | {"target": target}) + "\n")
    return code


def keep(write: Callable[[str], object], text: str) -> None:
    """Show and keep."""
    print(text, end="", flush=True)
    write(text)


def parity(asked: argparse.Namespace) -> None:
    """Predictions of the shipped models on the CPU and there, how fast they come, and memory."""
    smiles = nci_smiles()[: 200 if asked.quick else None]
    for name in SHIPPED:
        model = Model.load(name)
        features = model.featurize(smiles)
        here = model.predict_features(features)
        model.to(asked.device)
        model.predict_features(features.take(np.arange(2)))  # what is made once
        reset_peak(asked.device)
        start = time.perf_counter()
        there = model.predict_features(features)
        seconds = time.perf_counter() - start
        case = f"{name}, {asked.device}"
        apart = float(np.nanmax(np.abs(there - here)))
        report(case, "largest_difference_from_cpu", apart, "1", "<= 0.0001")
        report(case, "prediction_rate", len(smiles) / seconds, "molecules/s")
        report_peak(case, asked.device)


def steps(asked: argparse.Namespace) -> None:
    """Balanced steps at so many tasks against plain ones."""
    config = balance_step.quick_config() if asked.quick else TrainingConfig()
    balance_step.run(torch.device(asked.device), config, int(asked.what), asked.quick)


def training(asked: argparse.Namespace) -> None:
    """The experts of a shipped model on all rows, kept in a folder."""
    folder, quick, device = find_data(asked.data), asked.quick, asked.device
    reset_peak(device)
    start = time.perf_counter()
    if asked.what == "graph":
        model = fit_graph(folder, quick, device)
    else:
        config = config_of(quick, device)
        panel = with_features(read_pcba(folder / "pcba"), config, quick)
        model = fit_all(panel, config, asked.what)
    model.save(Path(asked.out))
    case = f"{asked.what} experts, {device}"
    report(case, "training_time_with_features", time.perf_counter() - start, "s")
    report_peak(case, device)


def calibration(asked: argparse.Namespace) -> None:
    """The mixture of both, calibrated by what five say of rows that they have not seen."""
    out, shares = Path(asked.out), Model.load("pcba128-mix").training["shares"]
    experts = [Model.load(out.parent / name) for name in ("fingerprints", "graph")]
    join(experts, shares, name=out.name).save(out)
    configs = [each(asked.quick, asked.device) for each in (config_of, graph_config)]
    inputs = {**configs[0].fingerprints, **configs[1].fingerprints}
    both = configs[0].model_copy(update={"fingerprints": inputs})
    panel = with_features(read_pcba(find_data(asked.data) / "pcba"), both, asked.quick)

    def fit(parts: Split) -> Model:
        return join([train(panel, config, parts=parts) for config in configs], shares)

    beside = beside_of(out_of_fold(panel, both.featurizer(), fit))
    amend_folder(out, beside)
    for metric, value in losses(beside):
        report(f"{out.name} out of fold", metric, value, "nats")


def reset_peak(device: str) -> None:
    """Forget the most memory so far."""
    if device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats(device)


def report_peak(case: str, device: str) -> None:
    """Most memory of the device since then; of a CPU nothing."""
    if device.startswith("cuda"):
        report(case, "peak_memory", torch.cuda.max_memory_allocated(device) / 2**20, "MiB")


STAGES: dict[str, Callable[[argparse.Namespace], None]] = {
    each.__name__: each for each in (parity, steps, training, calibration)
}


def main() -> int:
    """All stages, or one."""
    options = parser(__doc__, "small sizes, to try it")
    options.add_argument("--out", required=True, help="folder to write; must not exist")
    options.add_argument("--device", default="cuda", help="where to work (default: cuda)")
    options.add_argument("--stage", choices=STAGES, help="this one alone, in this process")
    options.add_argument("what", nargs="?")
    asked = options.parse_args()
    if asked.stage is None:
        return run_all(asked)
    found_device(asked.device)
    return ended(partial(STAGES[asked.stage], asked))


if __name__ == "__main__":
    sys.exit(main())
