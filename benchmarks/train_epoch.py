"""What an epoch of one batch costs beside its arithmetic.

    python -m benchmarks.train_epoch [--quick]

Panels of 24 and 300 real molecules (RDKit's NCI set), three assays, experts of 16 units, and the
network of the default settings. The cost of an epoch is the slope between a short and a long
training by the public call, so that what is done once falls out; it takes in steps, the validation
score, logs and the state on the disk. Arithmetic is the bare step (loss, gradient, update) and the
outputs of the validation rows, timed by themselves. Time is that of the one thread, which other
processes change little (waiting for a disk is not in it); the median of some rounds counts.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.harness.molecules import nci_smiles
from benchmarks.harness.steps import module_of, step_of
from benchmarks.harness.study import parser, report
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split
from bioassay_mtl.training import train
from bioassay_mtl.training.batches import ResidentData
from bioassay_mtl.training.config import TrainingConfig

SHORT = 5
SMALL = {
    "fingerprints": {"morgan": {"kind": "morgan", "n_bits": 256}},
    "network": {"experts": [{"inputs": ["morgan"], "n": 2, "width": 16, "depth": 2}]},
}


def main() -> None:
    """Time panels of two sizes, with and without a folder."""
    quick = parser(__doc__, "one round of few epochs").parse_args().quick
    torch.set_num_threads(1)
    rounds, long = (1, 25) if quick else (3, 105)
    for n_rows in (24, 300):
        run(n_rows, SMALL, f"{n_rows} rows", rounds, long)
    usual = TrainingConfig()
    network = {"fingerprints": usual.fingerprints, "network": usual.network}
    run(24, network, "24 rows, default network", 1, min(long, 45))


def run(n_rows: int, network: Mapping[str, Any], name: str, rounds: int, long: int) -> None:
    """Report the costs of one panel and some settings."""
    panel, parts = panel_of(n_rows)
    settings = {**network, "batch_size": 1024, "device": "cpu"}
    bare = median(arithmetic(panel, parts, settings, long), rounds)
    report(name, "arithmetic_per_epoch", bare, "ms")
    for on_disk in (False, True):
        cost = median(partial(slope, panel, parts, settings, long, on_disk), rounds)
        case = f"{name}, {'with a folder' if on_disk else 'in memory'}"
        report(case, "epoch", cost, "ms")
        report(case, "epoch_beside_arithmetic", cost - bare, "ms", "< 10")


def median(measured: Callable[[], float], rounds: int) -> float:
    """Of some rounds, after one that warms up."""
    measured()
    return statistics.median(measured() for _ in range(rounds))


def panel_of(n_rows: int) -> tuple[Panel, Split]:
    """Molecules with random labels: time does not depend on what is learnt; a sixth validates."""
    labels = np.random.default_rng(0).integers(0, 2, (n_rows, 3)).astype(np.float64)
    panel = Panel.from_arrays(nci_smiles()[:n_rows], labels, ["first", "second", "third"])
    rows, first = np.arange(n_rows), n_rows * 5 // 6
    return panel, Split(rows[:first], rows[first:], rows[:0], n_rows)


def config_of(settings: Mapping[str, Any], epochs: int) -> TrainingConfig:
    """No early end."""
    return TrainingConfig.of({**settings, "epochs": epochs, "patience": epochs})


def slope(
    panel: Panel, parts: Split, settings: Mapping[str, Any], long: int, on_disk: bool
) -> float:
    """Milliseconds of an epoch of the public call."""
    features = panel_features(panel, config_of(settings, 1).featurizer())
    took = []
    for epochs in (SHORT, long):
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "model" if on_disk else None
            start = time.process_time()
            train(panel, config_of(settings, epochs), parts=parts, out=out, features=features)
            took.append(time.process_time() - start)
    return 1000 * (took[1] - took[0]) / (long - SHORT)


def arithmetic(
    panel: Panel, parts: Split, settings: Mapping[str, Any], n: int
) -> Callable[[], float]:
    """Measures milliseconds of a bare step and the outputs of the validation rows."""
    config = config_of(settings, 1)
    featurizer = config.featurizer()
    blocks = panel_features(panel, featurizer).blocks
    data = ResidentData(blocks, panel.cells, torch.device("cpu"))
    valid = torch.from_numpy(parts.valid)
    module = module_of(config, data, featurizer.input_sizes, valid)
    step = step_of(module, [module.train_rows])

    def measured() -> float:
        start = time.process_time()
        for _ in range(n):
            step()
            with torch.inference_mode():
                module.outputs(valid)
        return 1000 * (time.process_time() - start) / n

    return measured


if __name__ == "__main__":
    main()
