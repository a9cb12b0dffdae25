"""The stages of ``python -m benchmarks.gpu`` that are a device's own, each in its process."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from benchmarks import balance_step
from benchmarks.harness.datasets import DataAbsentError, find_data
from benchmarks.harness.molecules import nci_smiles
from benchmarks.pcba128.__main__ import config_of, fit_all, with_features
from benchmarks.pcba128.calibrate import losses, out_of_fold
from benchmarks.pcba128_mix.__main__ import fit_graph, graph_config
from benchmarks.pcba_sample import read_pcba
from benchmarks.report import report
from bioassay_mtl.models.folder import amend_folder
from bioassay_mtl.models.join import join
from bioassay_mtl.models.model import Model
from bioassay_mtl.nn.devices import found_device
from bioassay_mtl.splits import Split
from bioassay_mtl.training import train
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.evidence import beside_of

SHIPPED = ("pcba128", "pcba128-mix")


def main() -> int:
    """Run one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--data")
    parser.add_argument("--out")
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("what", nargs="?")
    options = parser.parse_args()
    found_device(options.device)
    torch.set_num_threads(1)
    try:
        STAGES[options.stage](options)
    except DataAbsentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def parity(options: argparse.Namespace) -> None:
    """Predictions of the shipped models on the CPU and there, how fast they come, and memory."""
    smiles = nci_smiles()[: 200 if options.quick else None]
    for name in SHIPPED:
        model = Model.load(name)
        features = model.featurize(smiles)
        here = model.predict_features(features)
        model.to(options.device)
        model.predict_features(features.take(np.arange(2)))  # what is made once
        reset_peak(options.device)
        start = time.perf_counter()
        there = model.predict_features(features)
        seconds = time.perf_counter() - start
        case = f"{name}, {options.device}"
        apart = float(np.nanmax(np.abs(there - here)))
        report(case, "largest_difference_from_cpu", apart, "1", "<= 0.0001")
        report(case, "prediction_rate", len(smiles) / seconds, "molecules/s")
        report_peak(case, options.device)


def steps(options: argparse.Namespace) -> None:
    """Balanced steps at so many tasks against plain ones."""
    blocks, n_features = balance_step.nci_features()
    config = balance_step.quick_config() if options.quick else TrainingConfig()
    device, n_tasks = torch.device(options.device), int(options.what)
    balance_step.run(device, config, blocks, n_features, n_tasks, options.quick)


def training(options: argparse.Namespace) -> None:
    """The experts of a shipped model on all rows, kept in a folder."""
    folder = find_data(options.data)
    reset_peak(options.device)
    start = time.perf_counter()
    if options.what == "graph":
        model = fit_graph(folder, options.quick, options.device)
    else:
        model = fit_fingerprints(folder, options.quick, options.device)
    model.save(Path(options.out))
    case = f"{options.what} experts, {options.device}"
    report(case, "training_time_with_features", time.perf_counter() - start, "s")
    report_peak(case, options.device)


def calibration(options: argparse.Namespace) -> None:
    """The mixture of both, calibrated by what five say of rows that they have not seen."""
    out, shares = Path(options.out), Model.load("pcba128-mix").training["shares"]
    experts = [Model.load(out.parent / name) for name in ("fingerprints", "graph")]
    join(experts, shares, name=out.name).save(out)
    configs = [each(options.quick, options.device) for each in (config_of, graph_config)]
    inputs = {**configs[0].fingerprints, **configs[1].fingerprints}
    both = configs[0].model_copy(update={"fingerprints": inputs})
    panel = with_features(read_pcba(find_data(options.data) / "pcba"), both, options.quick)

    def fit(parts: Split) -> Model:
        return join([train(panel, config, parts=parts) for config in configs], shares)

    beside = beside_of(out_of_fold(panel, both.featurizer(), fit))
    amend_folder(out, beside)
    for metric, value in losses(beside):
        report(f"{out.name} out of fold", metric, value, "nats")


def fit_fingerprints(folder: Path, quick: bool, device: str) -> Model:
    """Those of ``pcba128``."""
    config = config_of(quick, device)
    panel = with_features(read_pcba(folder / "pcba"), config, quick)
    return fit_all(panel, config, "fingerprints")


def reset_peak(device: str) -> None:
    """Forget the most memory so far."""
    if device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats(device)


def report_peak(case: str, device: str) -> None:
    """Most memory of the device since then; of a CPU nothing."""
    if device.startswith("cuda"):
        report(case, "peak_memory", torch.cuda.max_memory_allocated(device) / 2**20, "MiB")


STAGES: dict[str, Callable[[argparse.Namespace], None]] = {
    "parity": parity,
    "steps": steps,
    "training": training,
    "calibration": calibration,
}

if __name__ == "__main__":
    sys.exit(main())
