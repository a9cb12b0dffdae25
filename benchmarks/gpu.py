"""All that is to be measured on a GPU, in one command of at most 40 minutes.

``python -m benchmarks.gpu --out FOLDER [--data FOLDER] [--device cuda] [--quick]``: parity with the
CPU, step times at 128 and 617 tasks with the balancers (two-step ``all`` against the naive loop
among them) and their peak memory, training of both shipped models' experts, screening on all cores,
steps that are compiled, and the mixture's calibration out of fold. Each stage is a process of its
own; one that fails or runs out of its time is reported as such, and the others go on. Figures are
printed and kept in ``FOLDER/results.jsonl``, weights beside them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from benchmarks.graph_study.cases import settings
from benchmarks.harness.molecules import nci_smiles
from benchmarks.harness.provenance import provenance, used_by_torch
from benchmarks.harness.study import begin, report
from benchmarks.pcba128.__main__ import config_of, fit_all, panel_of
from benchmarks.pcba128.calibrate import configs_of, out_of_fold, put_beside, with_inputs
from bioassay_mtl.models.join import join
from bioassay_mtl.models.model import Model
from bioassay_mtl.nn.devices import found_device
from bioassay_mtl.splits import Split
from bioassay_mtl.training import train

MINUTES = 40
OUT_OF_TIME = 124
SHIPPED = ("pcba128", "pcba128-mix")
EXPERTS = {"fingerprints": None, "graph": settings("GINE", seed=0)}
MIXTURE = "mixture"


class Stage(NamedTuple):
    """A process, and how many minutes it may take."""

    name: str
    words: tuple[str, ...]
    minutes: float


def stages(asked: argparse.Namespace) -> Iterator[Stage]:
    """In their order."""
    more = ("--device", asked.device, *["--quick"] * asked.quick)
    own = ("benchmarks.gpu", *more, "--out", asked.out, "--stage")
    yield Stage("parity", (*own, "parity"), 2)
    for tasks in ("4",) if asked.quick else ("128", "617"):
        yield Stage(f"steps {tasks}", ("benchmarks.balance_step", *more, "--tasks", tasks), 5)
    for kind in EXPERTS:
        yield Stage(f"training {kind}", (*own, kind), 5)
    screen = ("benchmarks.screen_throughput", *more, "--rounds", "1", "--model")
    for model, minutes in zip(SHIPPED, (2, 3), strict=True):
        yield Stage(f"screen {model}", (*screen, model), minutes)
    yield Stage("compiled steps", ("benchmarks.train_step_compiled", *more), 4)
    yield Stage("calibration", (*own, "calibration"), 9)


def run_all(asked: argparse.Namespace) -> int:
    """Run all stages; 1 where one of them failed."""
    Path(asked.out).mkdir(parents=True)
    begun = time.monotonic()
    with (Path(asked.out) / "results.jsonl").open("w", buffering=1) as kept:
        keep(kept.write, json.dumps(provenance(used_by_torch(asked.device))) + "\n")
        codes = []
        for stage in stages(asked):
            left = 60 * MINUTES - (time.monotonic() - begun)
            codes.append(run(stage, min(60 * stage.minutes, left), kept.write))
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
    took = round(time.monotonic() - start, 1)
    for metric, value, unit in (("exit_code", code, "1"), ("wall_time", took, "s")):
        line = {"case": stage.name, "metric": metric, "value": value, "unit": unit}
        keep(write, json.dumps(line) + "\n")
    return code


def keep(write: Callable[[str], object], text: str) -> None:
    """Show and keep."""
    print(text, end="", flush=True)
    write(text)


@contextmanager
def cost(case: str, device: str) -> Iterator[None]:
    """Report the time of what is done, and the most memory that it takes of a GPU."""
    on_gpu = device.startswith("cuda")
    if on_gpu:
        torch.cuda.reset_peak_memory_stats(device)
    start = time.perf_counter()
    yield
    report(f"{case}, {device}", "wall_time", time.perf_counter() - start, "s")
    if on_gpu:
        most = torch.cuda.max_memory_allocated(device) / 2**20
        report(f"{case}, {device}", "peak_memory", most, "MiB")


def parity(asked: argparse.Namespace) -> None:
    """Predictions of the shipped models on the CPU and there."""
    smiles = nci_smiles()[: 200 if asked.quick else None]
    for name in SHIPPED:
        model = Model.load(name)
        features = model.featurize(smiles)
        here = model.predict_features(features)
        model.to(asked.device)
        model.predict_features(features.take(np.arange(2)))  # what is made once
        with cost(f"{name}, {len(smiles)} molecules", asked.device):
            there = model.predict_features(features)
        apart = float(np.nanmax(np.abs(there - here)))
        report(f"{name}, {asked.device}", "largest_difference_from_cpu", apart, "1", "<= 0.0001")


def training(asked: argparse.Namespace) -> None:
    """The experts of a shipped model on all rows, kept in a folder."""
    config = config_of(asked, EXPERTS[asked.stage])
    with cost(f"{asked.stage} experts with features", asked.device):
        model = fit_all(panel_of(asked, config), config, asked.stage)
    model.save(Path(asked.out) / asked.stage)


def calibration(asked: argparse.Namespace) -> None:
    """The mixture of both, calibrated by what five say of rows that they have not seen."""
    folder, shares = Path(asked.out) / MIXTURE, Model.load("pcba128-mix").training["shares"]
    experts = [Model.load(folder.with_name(name)) for name in EXPERTS]
    join(experts, shares, name=MIXTURE).save(folder)
    configs = configs_of(asked, mixed=True)
    panel, featurizer = with_inputs(asked, configs)

    def fit(parts: Split) -> Model:
        return join([train(panel, config, parts=parts) for config in configs], shares)

    put_beside(folder, MIXTURE, out_of_fold(panel, featurizer, fit))


OWN = {"parity": parity, **dict.fromkeys(EXPERTS, training), "calibration": calibration}


def main(asked: argparse.Namespace) -> int | None:
    """All stages, or one."""
    found_device(asked.device)
    return OWN[asked.stage](asked) if asked.stage else run_all(asked)


if __name__ == "__main__":
    options: dict[str, dict[str, Any]] = {
        "--out": {"required": True, "help": "folder to write; must not exist"},
        "--device": {"default": "cuda", "help": "where to work (default: cuda)"},
        "--stage": {"choices": OWN, "help": "this one alone, in this process"},
    }
    sys.exit(begin(__doc__, main, "small sizes, to try it", options, threads=None))
