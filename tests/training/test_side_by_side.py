"""Trainings side by side, in processes, are those in sequence, and no process outlives them."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from bioassay_mtl.errors import (
    BioassayError,
    ConfigError,
    OutputError,
    TrainingError,
    WorkerError,
)
from bioassay_mtl.models.model import Model
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.training.cross_validation import cross_validate
from bioassay_mtl.training.ensemble import train_ensemble
from bioassay_mtl.training.fit import train_session
from bioassay_mtl.training.mapped import read_mapped, remove_mapped, write_mapped
from bioassay_mtl.training.side_by_side import Ended, Told, Training
from bioassay_mtl.training.tuning import train_tuned
from tests.needs import extra, installed
from tests.processes import is_alive
from tests.training.conftest import small_config
from tests.training.test_fit import same
from tests.training.test_resume import Killed
from tests.training.test_tuning import PARTS

CONFIG = small_config(epochs=2)


def children() -> list[int]:
    """Processes that this one has started and that train."""
    found = list[int]()
    for each in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # it has just ended
            if "side_by_side" in " ".join(each.cmdline()):
                found.append(each.pid)
    return found


def test_members_are_those_in_sequence_which_go_on_with_them(
    small_panel: Panel, tmp_path: Path
) -> None:
    """What is told may end them."""
    out, whole = tmp_path / "model", train_ensemble(small_panel, CONFIG, 2)
    seen = list[Any]()

    def stop(record: Mapping[str, Any]) -> None:
        seen.append(record["member"])
        assert len(children()) == 2
        if record["epoch"] == 2:
            raise Killed

    with pytest.raises(Killed):
        train_ensemble(small_panel, CONFIG, 2, out=out, progress=stop, jobs=2)
    assert children() == []
    model = train_ensemble(small_panel, CONFIG, 2, out=out, resume=True)
    assert same(model, whole)
    assert model.training["members"] == whole.training["members"]


def test_no_room_for_what_they_learn_from_is_said(
    small_panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("bioassay_mtl.training.side_by_side.write_mapped", full)
    with pytest.raises(OutputError, match=r"could not be written: No space left.*TMPDIR"):
        train_ensemble(small_panel, CONFIG, 2, jobs=2)
    assert children() == []


@pytest.mark.soak
def test_folds_are_resumed_from_a_killed_process_to_what_they_are_in_sequence(
    small_panel: Panel, tmp_path: Path
) -> None:
    out, seen = tmp_path / "model", list[Any]()

    def kill(record: Mapping[str, Any]) -> None:
        seen.append((record["fold"], record["epoch"]))
        if len(seen) == 3:
            os.kill(children()[0], signal.SIGKILL)

    with pytest.raises(WorkerError, match="killed by signal 9"):
        cross_validate(small_panel, CONFIG, 3, out=out, progress=kill, jobs=2)
    assert not out.exists()
    assert children() == []
    in_sequence = cross_validate(small_panel, CONFIG, 3)
    found = cross_validate(small_panel, CONFIG, 3, out=out, resume=True, jobs=2)
    assert same(found.model, in_sequence.model)
    assert found.model.training == in_sequence.model.training
    assert found.model.metrics == in_sequence.model.metrics
    np.testing.assert_array_equal(found.predictions, in_sequence.predictions)
    assert same(Model.load(out), found.model)


@pytest.mark.soak
def test_without_a_folder_models_are_whole(small_panel: Panel) -> None:
    """What was read from one that is gone is read before."""
    found = train_ensemble(small_panel, CONFIG, 2, jobs=2)
    assert same(found, train_ensemble(small_panel, CONFIG, 2))
    assert found.metrics["test"]


def one_by_one(trainings: list[Training], jobs: int, told: Told, ended: Ended) -> None:
    """In place of processes: whoever was last is done first."""
    for number in reversed(range(len(trainings))):
        failure = None

        def progress(record: Mapping[str, Any], number: int = number) -> None:
            if not told(number, record):
                raise _Enough

        try:
            train_session(trainings[number].session, progress=progress)
        except TrainingError as error:
            failure = error
        except _Enough:
            pass
        ended(number, failure)


class _Enough(Exception):
    pass


def searched(panel: Panel, trials: int, **more: Any) -> Model:
    return train_tuned(panel, CONFIG, trials, parts=PARTS, jobs=3, **more)


@pytest.mark.soak
def test_rounds_of_a_search_are_the_same_whoever_ends_first_and_after_a_kill(
    small_panel: Panel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed("optuna", "tune")
    monkeypatch.setattr("bioassay_mtl.training.tuning.train_side_by_side", one_by_one)
    out, whole = tmp_path / "model", searched(small_panel, 6)
    table = whole.training["tuning"]["trials"]
    assert [row["trial"] for row in table] == [*range(1, 7)]
    settings = [row["settings"] for row in table]
    assert all(a != b for n, a in enumerate(settings) for b in settings[:n])

    def stop(record: Mapping[str, Any]) -> None:
        if record.get("trial", 0) == 5:
            raise Killed

    with pytest.raises(Killed):
        searched(small_panel, 6, out=out, progress=stop)
    resumed = searched(small_panel, 6, out=out, resume=True)
    assert resumed.training["tuning"] == whole.training["tuning"]
    assert same(resumed, whole)


@pytest.mark.soak
def test_a_round_is_told_as_a_whole(
    small_panel: Panel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill between two trials of one."""
    optuna = extra("optuna", "tune")
    monkeypatch.setattr("bioassay_mtl.training.tuning.train_side_by_side", one_by_one)
    out, whole = tmp_path / "model", searched(small_panel, 6)
    tell, told = optuna.Study.tell, list[Any]()

    def tell_some(study: Any, *given: Any, **more: Any) -> Any:
        told.append(given)
        if len(told) == 5:
            raise Killed
        return tell(study, *given, **more)

    monkeypatch.setattr(optuna.Study, "tell", tell_some)
    with pytest.raises(Killed):
        searched(small_panel, 6, out=out)
    trained = list[Mapping[str, Any]]()
    resumed = searched(small_panel, 6, out=out, resume=True, progress=trained.append)
    assert not any("trial" in record for record in trained)
    assert resumed.training["tuning"] == whole.training["tuning"]


@pytest.mark.soak
def test_a_search_in_processes_is_that_of_one_process(
    small_panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed("optuna", "tune")
    found = searched(small_panel, 3)
    monkeypatch.setattr("bioassay_mtl.training.tuning.train_side_by_side", one_by_one)
    assert found.training["tuning"] == searched(small_panel, 3).training["tuning"]


@pytest.mark.soak
def test_faults_of_a_process_are_those_of_a_training(small_panel: Panel) -> None:
    diverging = small_config(epochs=2, learning_rate=1e30)
    faults = [_fault(small_panel, diverging, jobs) for jobs in (1, 2)]
    assert isinstance(faults[0], TrainingError)
    assert str(faults[0]) == str(faults[1])


def test_several_devices_are_refused(small_panel: Panel) -> None:
    with pytest.raises(ConfigError, match="one device each"):
        train_ensemble(small_panel, small_config(devices=2), 2, jobs=2)


def _fault(panel: Panel, config: Any, jobs: int) -> BioassayError:
    with pytest.raises(BioassayError) as caught:
        train_ensemble(panel, config, 2, jobs=jobs)
    return caught.value


def test_arrays_are_mapped_and_belong_to_who_writes_to_them(tmp_path: Path) -> None:
    path, numbers = tmp_path / "held", np.arange(1000, dtype=np.float32)
    write_mapped({"twice": [numbers, numbers], "none": numbers[:0], "word": "x"}, path)
    first, second = read_mapped(path), read_mapped(path)
    remove_mapped(path)
    assert list(tmp_path.iterdir()) == []
    assert first["twice"][0] is first["twice"][1]
    assert first["twice"][0].ctypes.data % 64 == 0
    first["twice"][0][:] = 0
    np.testing.assert_array_equal(second["twice"][0], numbers)
    assert second["none"].shape == (0,)
    assert second["word"] == "x"


@pytest.mark.soak
def test_ctrl_c_leaves_no_process(small_panel: Panel, tmp_path: Path) -> None:
    """In a real command: the signal is for it alone, and says how to go on."""
    table = tmp_path / "panel.csv"
    rows = zip(small_panel.structures or (), small_panel.labels[:, 0].tolist(), strict=True)
    table.write_text("smiles,n\n" + "".join(f"{s},{int(y) if y >= 0 else ''}\n" for s, y in rows))
    settings = [f"--set={key}" for key in ("epochs=100000", "fingerprints.morgan.kind=morgan")]
    command = [sys.executable, "-m", "bioassay_mtl.cli.app", "train", str(table), *settings]
    command += ["--set=network.kind=mmoeex", "--set=fingerprints.morgan.n_bits=64"]
    with subprocess.Popen(
        [*command, "--out", str(tmp_path / "model"), "--folds", "2", "--jobs", "2"],
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        said = [next(line for line in process.stderr if line.startswith("fold"))]
        started = [each.pid for each in psutil.Process(process.pid).children(recursive=True)]
        process.send_signal(signal.SIGINT)
        said += process.stderr.readlines()
    assert process.returncode == 130
    assert "--resume goes on" in said[-1]
    assert len(started) >= 2
    for _ in range(50):
        left = [pid for pid in started if is_alive(pid)]
        if not left:
            break
        time.sleep(0.1)
    assert not left
