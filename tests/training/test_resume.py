"""A killed run goes on from its last whole epoch to the same weights, bit for bit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from bioassay_mtl.errors import ConfigError, InputError, OutputError
from bioassay_mtl.models.model import Model
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.training import train
from tests.conftest import Run
from tests.models.test_weights_file import files_of_at_most
from tests.training.conftest import small_config
from tests.training.test_fit import same


class Killed(Exception):
    """Stands for a kill between two epochs."""


def train_until(epoch: int, panel: Panel, out: Path) -> None:
    def stop(record: object) -> None:
        if record["epoch"] == epoch:  # type: ignore[index]
            raise Killed

    with pytest.raises(Killed):
        train(panel, small_config(), out=out, progress=stop)


@pytest.mark.parametrize("epoch", [1, 3])
def test_resumed_equals_unbroken(small_panel: Panel, tmp_path: Path, epoch: int) -> None:
    unbroken = train(small_panel, small_config())
    out = tmp_path / "model"
    train_until(epoch, small_panel, out)
    assert not out.exists()
    resumed = train(small_panel, small_config(), out=out, resume=True)
    assert same(unbroken, resumed)
    assert resumed.training == unbroken.training
    assert resumed.metrics == unbroken.metrics
    assert same(Model.load(out), unbroken)


def test_a_checkpoint_on_a_full_disk_is_the_users_to_mend(
    small_panel: Panel, tmp_path: Path
) -> None:
    with (
        files_of_at_most(1000),
        pytest.raises(OutputError, match=r"state.safetensors: could not be written: File too"),
    ):
        train(small_panel, small_config(loggers=[]), out=tmp_path / "model")
    assert not [*(tmp_path / "model.training").iterdir()]


def test_a_folder_that_nothing_can_be_made_in(
    small_panel: Panel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(OutputError, match="'/dev/null' is no folder"):
        train(small_panel, small_config(), out="/dev/null/model")
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write everywhere
    with pytest.raises(OutputError, match=f"no permission to write in '{tmp_path}'"):
        train(small_panel, small_config(), out=tmp_path / "new" / "model")
    assert not [*tmp_path.iterdir()]


def test_an_unfinished_run_is_not_overwritten(small_panel: Panel, tmp_path: Path) -> None:
    train_until(1, small_panel, tmp_path / "model")
    with pytest.raises(ConfigError, match="unfinished run"):
        train(small_panel, small_config(), out=tmp_path / "model")


def test_another_run_is_not_resumed(small_panel: Panel, tmp_path: Path) -> None:
    train_until(1, small_panel, tmp_path / "model")
    with pytest.raises(ConfigError, match="other settings or other data"):
        train(small_panel, small_config(seed=9), out=tmp_path / "model", resume=True)


def test_a_damaged_checkpoint_is_named(small_panel: Panel, tmp_path: Path) -> None:
    train_until(1, small_panel, tmp_path / "model")
    state = tmp_path / "model.training" / "state.safetensors"
    state.write_bytes(state.read_bytes()[:-100])
    with pytest.raises(InputError, match="cannot be read"):
        train(small_panel, small_config(), out=tmp_path / "model", resume=True)


@pytest.mark.soak
def test_a_killed_process_resumes_to_the_same_model(
    small_panel: Panel, tmp_path: Path, cli: Run, caplog: pytest.LogCaptureFixture
) -> None:
    table = tmp_path / "panel.csv"
    lines = [",".join(("smiles", *small_panel.tasks))]
    for smiles, row in zip(small_panel.structures or [], small_panel.labels, strict=True):
        lines.append(",".join([smiles, *("" if cell < 0 else str(cell) for cell in row)]))
    table.write_text("\n".join(lines) + "\n")
    config = tmp_path / "settings.yaml"
    small = small_config(epochs=12, patience=12, device="cpu").model_dump(mode="json")
    config.write_text(yaml.safe_dump(small))
    environment = os.environ | {"OMP_NUM_THREADS": "1"}

    def command(out: str, *more: str) -> list[str]:
        words = [str(table), "--out", str(tmp_path / out), "--config", str(config)]
        return ["train", *words, "--workers", "1", *more]

    assert cli(*command("whole", "--resume")).code == 0
    assert "whole.training holds nothing to resume: training starts anew" in caplog.text
    caplog.clear()
    killed = [sys.executable, "-m", "bioassay_mtl.cli.app", *command("killed")]
    state = tmp_path / "killed.training" / "state.safetensors"
    with subprocess.Popen(killed, env=environment, stderr=subprocess.PIPE) as process:
        while not state.exists() and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "killed").exists()
    assert cli(*command("killed", "--resume")).code == 0
    assert "nothing to resume" not in caplog.text
    assert same(Model.load(tmp_path / "whole"), Model.load(tmp_path / "killed"))
