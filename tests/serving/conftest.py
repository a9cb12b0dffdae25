"""Real servers: processes of their own, asked over HTTP."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from bioassay_mtl.models.assay_sheet import Described
from bioassay_mtl.models.model import Model
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.training import train
from tests.needs import extra, installed
from tests.report.conftest import driver as driver

installed("fastapi", "serve")
installed("uvicorn", "serve")

TASKS = ("PCBA-1", "PCBA-20", "level")
NAMES = {
    "PCBA-1": Described(name="Kinase inhibitors", target="a kinase", gene="ABL1"),
    "PCBA-20": Described(name="Receptor blockers", target="a receptor", gene="DRD2"),
}


class Served(NamedTuple):
    """A server that runs.

    Parameters
    ----------
    address
        Where it is asked.
    client
        Asks it.
    process
        Its process.
    folder
        Where it was started, and has its temporary files.
    log
        What it has said.
    """

    address: str
    client: Any
    process: subprocess.Popen[bytes]
    folder: Path
    log: Path


Start = Callable[..., AbstractContextManager[Served]]


@pytest.fixture(scope="session")
def folder(nci_smiles: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small trained model that knows its assays by name, and its training molecules."""
    rng = np.random.default_rng(0)
    smiles = nci_smiles[:300]
    flags = [["N" in each, "O" in each] for each in smiles]
    values = np.column_stack([np.array(flags, float), rng.normal(6, 1, len(smiles))])
    panel = Panel.from_arrays(smiles, values, TASKS, kinds=["binary", "binary", "regression"])
    inputs = {"morgan": {"kind": "morgan", "n_bits": 512}}
    experts = [{"inputs": ["morgan"], "n": 2, "width": 8, "depth": 1}]
    model = train(panel, {"fingerprints": inputs, "network": {"experts": experts}, "epochs": 3})
    model.beside["assays"] = model.sheet.described(NAMES)
    path = tmp_path_factory.mktemp("models") / "small"
    model.save(path)
    return path


@pytest.fixture(scope="session")
def served_model(folder: Path) -> Model:
    return Model.load(folder)


@pytest.fixture(scope="session")
def start(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Start:
    httpx = extra("httpx", "test")

    @contextmanager
    def started(*options: object, model: object = folder) -> Iterator[Served]:
        home = tmp_path_factory.mktemp("home")
        log = tmp_path_factory.mktemp("log") / "stderr"
        command = [sys.executable, "-m", "bioassay_mtl", "serve", "--model", model, "--port", 0]
        with log.open("wb") as sink:
            process = subprocess.Popen(
                [*map(str, command), "--workers", "1", *map(str, options)],
                stderr=sink,
                stdout=sink,
                cwd=home,
                env={**os.environ, "TMPDIR": str(home), "PYTHONPATH": os.pathsep.join(sys.path)},
            )
        try:
            while not (words := log.read_text().split()) or "(Ctrl-C" not in words:
                assert process.poll() is None, log.read_text()
                time.sleep(0.05)
            address = next(word for word in words if word.startswith("http://"))
            with httpx.Client(base_url=address, timeout=60) as client:
                yield Served(address, client, process, home, log)
        finally:
            process.terminate()
            process.wait()

    return started


@pytest.fixture(scope="session")
def server(start: Start) -> Iterator[Served]:
    """One for all tests that leave it as it was."""
    with start("--molecule-timeout", 0.5) as served:
        yield served


@pytest.fixture(scope="session")
def strict(start: Start) -> Iterator[Served]:
    """One with little patience."""
    limits = {"max-megabytes": 0.03, "max-molecules": 50, "timeout": 3, "queue": 2}
    options = [word for name, value in limits.items() for word in (f"--{name}", value)]
    with start(*options, "--molecule-timeout", 1) as served:
        yield served
