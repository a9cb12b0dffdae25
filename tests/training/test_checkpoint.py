"""The state of a run is written when it is time, and an older version's is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.training import checkpoint as checkpoints
from bioassay_mtl.training import train
from bioassay_mtl.training.checkpoint import Best, Checkpoint
from tests.training.conftest import small_config
from tests.training.test_fit import same
from tests.training.test_resume import train_until


class Clock:
    """Time that passes when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Run:
    """As much of a training module as decides what is written."""

    settings = small_config(epochs=100, patience=100)
    epoch = 0


def test_state_is_written_first_last_and_when_it_is_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, clock, written = Run(), Clock(), []

    def write(*_: object) -> None:
        written.append(run.epoch)
        clock.now += 0.5

    monkeypatch.setattr(checkpoints, "save_checkpoint", write)
    kept = Checkpoint(tmp_path / "state", "identity", clock=clock)
    for epoch in range(1, 101):
        run.epoch = epoch
        clock.now += 1.0
        kept.keep(run, Best([], epoch=epoch))
    # Half a second of every ten is 5 %.
    assert written == [1, 11, 21, 31, 41, 51, 61, 71, 81, 91, 100]


def test_a_rank_that_is_not_the_first_writes_nothing(tmp_path: Path) -> None:
    Checkpoint(tmp_path / "state", "identity", writes=False).keep(Run(), Best([]))
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("parts", ["validated", "all rows"])
def test_resumed_from_an_older_epoch_equals_unbroken(
    small_panel: Panel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parts: str
) -> None:
    fractions = (0.8, 0.1, 0.1) if parts == "validated" else (1.0, 0.0, 0.0)
    config = small_config(split={"kind": "random", "fractions": fractions})
    whole = train(small_panel, config)
    state = tmp_path / "model.training" / "state.safetensors"

    def stop(record: object) -> None:
        if record["epoch"] == 3:  # type: ignore[index]
            raise KeyboardInterrupt

    monkeypatch.setattr(checkpoints, "AT_LEAST", 1e9)
    with pytest.raises(KeyboardInterrupt):
        train(small_panel, config, out=tmp_path / "model", progress=stop)
    with safe_open(state, framework="pt") as file:
        assert len(json.loads(file.metadata()["state"])["history"]) == 1
    resumed = train(small_panel, config, out=tmp_path / "model", resume=True)
    assert same(whole, resumed)
    assert resumed.training["history"] == whole.training["history"]


def test_the_state_of_an_older_version_is_refused(small_panel: Panel, tmp_path: Path) -> None:
    train_until(1, small_panel, tmp_path / "model")
    state = tmp_path / "model.training" / "state.safetensors"
    with safe_open(state, framework="pt") as file:
        header = json.loads(file.metadata()["state"])
    tensors: dict[str, torch.Tensor] = load_file(state)
    save_file(tensors, state, {"state": json.dumps({**header, "format": 1})})
    with pytest.raises(ConfigError, match="begun by another version of bioassay_mtl"):
        train(small_panel, small_config(), out=tmp_path / "model", resume=True)
