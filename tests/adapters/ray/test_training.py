"""Trainings on a cluster: the same as beside each other on one machine, whoever dies."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from bioassay_mtl.adapters.ray import jobs
from bioassay_mtl.errors import BioassayError, TrainingError, WorkerError
from bioassay_mtl.panels import Panel
from bioassay_mtl.training.ensemble import train_ensemble
from bioassay_mtl.training.jobs import Jobs
from bioassay_mtl.training.tuning import train_tuned
from tests.conftest import Run
from tests.needs import installed
from tests.training.conftest import small_config
from tests.training.test_fit import same
from tests.training.test_side_by_side import children
from tests.training.test_tuning import PARTS

pytest.importorskip("ray")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("_cluster"),
    pytest.mark.filterwarnings("default"),  # what Ray's own files leave open is not ours
]
CONFIG = small_config(epochs=2)


def trained(panel: Panel, at_a_time: int | Jobs, **more: Any) -> Any:
    return train_ensemble(panel, CONFIG, 2, jobs=at_a_time, **more)


def test_members_are_those_in_sequence(small_panel: Panel, tmp_path: Path) -> None:
    seen = list[tuple[int, int]]()

    def see(record: Mapping[str, Any]) -> None:
        seen.append((record["member"], record["epoch"]))

    with jobs(2) as two:
        model = trained(small_panel, two, out=tmp_path / "model", progress=see)
    assert same(model, trained(small_panel, 1))
    assert sorted(seen) == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert children() == []


@pytest.mark.soak
def test_a_search_is_that_of_one_machine(small_panel: Panel) -> None:
    installed("optuna", "tune")
    with jobs(3) as three:
        found = [
            train_tuned(small_panel, CONFIG, 3, parts=PARTS, jobs=at_a_time)
            for at_a_time in (three, 3)
        ]
    assert found[0].training["tuning"] == found[1].training["tuning"]
    assert same(*found)


@pytest.mark.parametrize("victim", ["process", "actor"])
def test_the_dead_are_named_and_their_runs_go_on(
    small_panel: Panel, tmp_path: Path, victim: str
) -> None:
    out, killed = tmp_path / "model", list[int]()

    def kill(record: Mapping[str, Any]) -> None:
        if not killed:
            (process, *_) = children()
            actor = psutil.Process(process).ppid()
            killed.append(process if victim == "process" else actor)
            os.kill(killed[0], signal.SIGKILL)

    with jobs(2) as two:
        wanted = "killed by signal 9" if victim == "process" else "of the cluster died"
        with pytest.raises(WorkerError, match=wanted):
            trained(small_panel, two, out=out, progress=kill)
        assert not out.exists()
        model = trained(small_panel, two, out=out, resume=True)
    assert same(model, trained(small_panel, 1))


@pytest.mark.soak
def test_faults_are_those_of_a_training(small_panel: Panel) -> None:
    faults = list[BioassayError]()
    with jobs(2) as two:
        for at_a_time in (two, 1):
            with pytest.raises(TrainingError) as caught:
                train_ensemble(small_panel, small_config(learning_rate=1e30), 2, jobs=at_a_time)
            faults.append(caught.value)
    assert str(faults[0]) == str(faults[1])


@pytest.mark.soak
def test_the_command_line(cli: Run, small_panel: Panel, tmp_path: Path) -> None:
    table = tmp_path / "panel.csv"
    rows = zip(small_panel.structures or (), small_panel.labels[:, 0].tolist(), strict=True)
    table.write_text("smiles,n\n" + "".join(f"{s},{int(y) if y >= 0 else ''}\n" for s, y in rows))
    words = ["train", table, "--ensemble", "2", "--effort", "quick", "--set", "epochs=1"]
    words += ["--out", tmp_path / "model", "--no-baseline"]
    done = cli(*words, "--jobs", "2", "--engine", "ray")
    assert done.code == 0, done.err
    assert (tmp_path / "model" / "report.html").is_file()
