"""What an epoch of one batch costs beside its arithmetic, and which loop costs least.

    python -m benchmarks.train_epoch [--quick]

Panels of 24 and 300 real molecules (RDKit's NCI set), three assays, experts of 16 units, and the
network of the default settings. The cost of an epoch is the slope between a short and a long
training by the public call, so that what is done once falls out; it takes in steps, the validation
score, logs and the state on the disk.
Arithmetic is the bare step (loss, gradient, update) and the outputs of the validation rows, timed
by themselves. Where Lightning is installed, the same steps run in its Trainer and in its Fabric,
without score, logs or state. Time is that of the one thread, which other processes change little
(waiting for a disk is not in it); the median of some rounds counts.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.report import report
from benchmarks.train_step import nci_smiles
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.nn import build_network
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split
from bioassay_mtl.training import train
from bioassay_mtl.training.batches import ResidentData
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.module import TrainingModule

SHORT = 5
TARGET = "< 10"
SMALL = {
    "fingerprints": {"morgan": {"kind": "morgan", "n_bits": 256}},
    "network": {"experts": [{"inputs": ["morgan"], "n": 2, "width": 16, "depth": 2}]},
}


def main() -> None:
    """Time panels of two sizes, with and without a folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one round of few epochs")
    quick = parser.parse_args().quick
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
    bare = arithmetic(panel, parts, settings, rounds, long)
    report(name, "arithmetic_per_epoch", bare, "ms")
    for on_disk in (False, True):
        cost = median(lambda on_disk=on_disk: slope(panel, parts, settings, long, on_disk), rounds)  # type: ignore[misc]
        where = "with a folder" if on_disk else "in memory"
        report(f"{name}, {where}", "epoch", cost, "ms")
        report(f"{name}, {where}", "epoch_beside_arithmetic", cost - bare, "ms", TARGET)
    if find_spec("lightning"):
        for loop, take in {"Trainer": trainer_epochs, "Fabric": fabric_epochs}.items():
            cost = median(lambda take=take: loop_slope(take, panel, parts, settings, long), rounds)  # type: ignore[misc]
            report(f"{name}, bare loop of Lightning's {loop}", "epoch", cost, "ms")


def median(measured: Callable[[], float], rounds: int) -> float:
    """Of some rounds, after one that warms up."""
    measured()
    return statistics.median(measured() for _ in range(rounds))


def panel_of(n_rows: int) -> tuple[Panel, Split]:
    """Molecules with random labels: time does not depend on what is learnt; a sixth validates."""
    smiles = nci_smiles()[:n_rows]
    labels = np.random.default_rng(0).integers(0, 2, (n_rows, 3)).astype(np.float64)
    panel = Panel.from_arrays(smiles, labels, ["first", "second", "third"])
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


def module_of(panel: Panel, parts: Split, settings: Mapping[str, Any]) -> TrainingModule:
    """What a training takes its steps with."""
    config, device = config_of(settings, 1), torch.device("cpu")
    featurizer = config.featurizer()
    network = build_network(config.network, featurizer.input_sizes, panel.tasks).train()
    data = ResidentData(panel_features(panel, featurizer).blocks, panel.cells, device)
    train_rows, valid_rows = torch.from_numpy(parts.train), torch.from_numpy(parts.valid)
    return TrainingModule(network, config, data, train_rows, valid_rows, panel.tasks)


def steps_of(module: TrainingModule) -> Iterator[None]:
    """Bare steps without end, each with the outputs of the validation rows."""
    while True:
        loss = module(module.train_rows)
        module.optimizer.zero_grad()
        loss.backward()
        module.optimizer.step()
        module.losses.clear()
        with torch.inference_mode():
            module.outputs(module.valid_rows)
        yield


def arithmetic(
    panel: Panel, parts: Split, settings: Mapping[str, Any], rounds: int, n: int
) -> float:
    """Milliseconds of a bare step and the outputs of the validation rows."""
    steps = steps_of(module_of(panel, parts, settings))

    def measured() -> float:
        start = time.process_time()
        for _ in range(n):
            next(steps)
        return 1000 * (time.process_time() - start) / n

    return median(measured, rounds)


def loop_slope(
    take: Callable[..., None], panel: Panel, parts: Split, settings: Mapping[str, Any], long: int
) -> float:
    """Milliseconds of an epoch of another loop."""
    took = []
    for epochs in (SHORT, long):
        module = module_of(panel, parts, settings)
        start = time.process_time()
        take(module, epochs)
        took.append(time.process_time() - start)
    return 1000 * (took[1] - took[0]) / (long - SHORT)


def trainer_epochs(module: TrainingModule, epochs: int) -> None:
    """Epochs of Lightning's Trainer, with all that can be switched off switched off."""
    import lightning.pytorch as pl
    from torch.utils.data import DataLoader

    class Lit(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.module = module

        def training_step(self, rows: Tensor, batch_idx: int) -> Tensor:
            module.losses.clear()
            loss: Tensor = module(rows)
            return loss

        def validation_step(self, rows: Tensor, batch_idx: int) -> None:
            module.outputs(rows)

        def configure_optimizers(self) -> Any:
            return module.optimizer

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pl.Trainer(
            max_epochs=epochs,
            accelerator="cpu",
            logger=False,
            num_sanity_val_steps=0,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        ).fit(
            Lit(),
            DataLoader([module.train_rows], batch_size=None),  # type: ignore[arg-type]
            DataLoader([module.valid_rows], batch_size=None),  # type: ignore[arg-type]
        )


def fabric_epochs(module: TrainingModule, epochs: int) -> None:
    """Epochs of a loop under Lightning's Fabric."""
    from lightning.fabric import Fabric

    fabric = Fabric(accelerator="cpu", devices=1)
    spread, optimizer = fabric.setup(module, module.optimizer)
    for _ in range(epochs):
        loss = spread(module.train_rows)
        optimizer.zero_grad()
        fabric.backward(loss)
        optimizer.step()
        module.losses.clear()
        with torch.inference_mode():
            module.outputs(module.valid_rows)


if __name__ == "__main__":
    main()
