"""Two processes train one model: that of one process, the same again, and the same after a kill."""

from __future__ import annotations

import signal
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bioassay_mtl.errors import ConfigError, WorkerError
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split
from bioassay_mtl.training import place, train
from bioassay_mtl.training.batches import share
from bioassay_mtl.training.config import TrainingConfig
from tests.training.conftest import small_config
from tests.training.test_fit import same, weights
from tests.training.test_resume import Killed

PARTS = Split(np.arange(200), np.arange(200, 251), np.arange(251, 299), 300)
"""Batches of 50 are shared evenly; 51 validation rows are not."""


def config(dropout: float = 0.0, **changes: Any) -> TrainingConfig:
    experts = {"inputs": ["morgan"], "n": 2, "width": 16, "depth": 2, "dropout": dropout}
    network = {"kind": "mmoeex", "experts": [experts], "tower": {"kind": "per_expert"}}
    return small_config(**{"network": network, "batch_size": 50, "epochs": 3, **changes})


def test_two_devices_train_what_one_does(small_panel: Panel) -> None:
    one = train(small_panel, config(balance="gradnorm"), parts=PARTS)
    two = train(small_panel, config(balance="gradnorm", devices=2), parts=PARTS)
    for name, weight in weights(one).items():
        torch.testing.assert_close(weights(two)[name], weight, rtol=1e-3, atol=1e-4)
    assert not torch.distributed.is_initialized()
    assert two.training["best_epoch"] == one.training["best_epoch"]
    for found, expected in zip(two.training["history"], one.training["history"], strict=True):
        assert found == pytest.approx(expected, rel=1e-3)


@pytest.mark.soak
def test_two_devices_repeat_themselves_and_resume(small_panel: Panel, tmp_path: Path) -> None:
    settings = config(dropout=0.4, devices=2, precision="bfloat16", balance="uncertainty")
    whole = train(small_panel, settings, parts=PARTS)

    def stop(record: Any) -> None:
        if record["epoch"] == 2:
            raise Killed

    out = tmp_path / "model"
    with pytest.raises(Killed):
        train(small_panel, settings, out=out, parts=PARTS, progress=stop)
    resumed = train(small_panel, settings, out=out, parts=PARTS, resume=True)
    assert same(whole, resumed)
    assert resumed.training == whole.training
    assert resumed.metrics == whole.metrics
    log = tmp_path / "model.training" / "logs"
    assert sorted(path.name for path in log.parent.iterdir()) == ["logs", "logs-2"]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """Processes that are started, in their order."""
    started: list[subprocess.Popen[bytes]] = []

    class Recorded(subprocess.Popen[bytes]):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Recorded)
    return started


def test_a_dead_process_is_named(
    small_panel: Panel, monkeypatch: pytest.MonkeyPatch, started: list[subprocess.Popen[bytes]]
) -> None:
    monkeypatch.setattr(place, "PATIENCE", timedelta(minutes=5))
    with pytest.raises(WorkerError, match="a training process was killed by signal 9"):
        train(small_panel, config(devices=2), parts=PARTS, progress=lambda _: started[0].kill())
    assert not torch.distributed.is_initialized()


@pytest.mark.soak
def test_a_process_that_stands_still_is_not_waited_for_without_end(
    small_panel: Panel, monkeypatch: pytest.MonkeyPatch, started: list[subprocess.Popen[bytes]]
) -> None:
    """Its connection is open, as that of one which died at the wrong moment may seem to be."""
    monkeypatch.setattr(place, "PATIENCE", timedelta(seconds=4))
    with pytest.raises(WorkerError, match="has not answered for 0:00:04"):
        train(
            small_panel,
            config(devices=2),
            parts=PARTS,
            progress=lambda _: started[0].send_signal(signal.SIGSTOP),
        )
    assert started[0].poll() is not None


def test_shares_make_up_the_batch() -> None:
    rows = torch.arange(11)
    shares = [share(rows, rank, 3) for rank in range(3)]
    assert sorted(torch.cat(shares).tolist()) == rows.tolist()
    with pytest.raises(ConfigError, match="too few molecules for 12"):
        share(rows, 0, 12)
