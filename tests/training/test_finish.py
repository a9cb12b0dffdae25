"""A model's folder appears whole, by one process, and a run that has ended is not begun again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest

from bioassay_mtl.errors import ConfigError, InputError, OutputError
from bioassay_mtl.models.model import Model
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.training import train
from bioassay_mtl.training.cross_validation import cross_validate
from bioassay_mtl.training.ensemble import train_ensemble
from bioassay_mtl.training.scratch import STATE, claimed
from bioassay_mtl.training.tuning import train_tuned
from tests.needs import installed
from tests.training.conftest import small_config
from tests.training.test_fit import same
from tests.training.test_resume import Killed

CONFIG = small_config(epochs=2, loggers=[])
WAYS: dict[str, tuple[Callable[..., Any], str]] = {
    "train": (train, STATE),
    "ensemble": (partial(train_ensemble, members=2), "ensemble.json"),
    "folds": (partial(cross_validate, n_folds=2), "folds.json"),
    "tune": (partial(train_tuned, trials=2), "tuning.jsonl"),
    "tuned ensemble": (partial(train_tuned, trials=1, members=2), "tuning.jsonl"),
}


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def note(trained: Any, folder: Path) -> None:
    """Stands for a report."""
    assert (folder / "config.json").exists()
    (folder / "note.txt").write_text(f"{type(trained).__name__}\n")


def killed(trained: Any, folder: Path) -> None:
    (folder / "note.txt").write_text("half")
    raise Killed


@pytest.mark.parametrize(
    "way",
    [pytest.param(way, marks=[pytest.mark.soak] * ("ensemble" in way)) for way in WAYS],
)
@pytest.mark.cases(1)
def test_cut_off_in_its_last_moment(small_panel: Panel, tmp_path: Path, way: str) -> None:
    """What is killed while its report is written is resumed to the same bytes, once."""
    if way.startswith("tune"):
        installed("optuna", "tune")
    run, mark = WAYS[way]
    whole, out = tmp_path / "whole" / "model", tmp_path / "cut" / "model"
    found = run(small_panel, CONFIG, out=whole, finish=note)
    assert [path.name for path in whole.parent.iterdir()] == ["model"]
    with pytest.raises(Killed):
        run(small_panel, CONFIG, out=out, finish=killed)
    assert {path.name for path in out.parent.iterdir()} == {"model.training"}
    run(small_panel, CONFIG, out=out, finish=note, resume=True)
    assert files(out) == files(whole)
    assert [path.name for path in out.parent.iterdir()] == ["model"]

    scratch = tmp_path / "cut" / "model.training"  # as a kill leaves it
    for left in ("member-1", "fold-2", "member-2.training"):
        (scratch / left).mkdir(parents=True)
        (scratch / left / STATE).touch()
    (scratch / mark).touch()
    again = run(small_panel, CONFIG, out=out, finish=killed, resume=True)
    assert same(getattr(again, "model", again), getattr(found, "model", found))
    assert not scratch.exists()
    assert files(out) == files(whole)


def test_a_validation_that_has_ended_says_the_same(small_panel: Panel, tmp_path: Path) -> None:
    out = tmp_path / "model"
    found = cross_validate(small_panel, CONFIG, 2, 2, out=out)
    again = cross_validate(small_panel, CONFIG, 2, 2, out=out, resume=True)
    np.testing.assert_array_equal(again.fold, found.fold)
    np.testing.assert_allclose(again.predictions, found.predictions, rtol=1e-5)


def test_a_folder_of_another_run_is_not_taken_for_ones_own(
    small_panel: Panel, tmp_path: Path
) -> None:
    out = tmp_path / "model"
    train_ensemble(small_panel, CONFIG, 2, out=out)
    before = files(out)
    with pytest.raises(ConfigError, match="model exists: choose another folder"):
        train_ensemble(small_panel, CONFIG, 2, out=out)
    for members, config in ((3, CONFIG), (2, small_config(epochs=1))):
        with pytest.raises(ConfigError, match="complete, and of a run with other settings"):
            train_ensemble(small_panel, config, members, out=out, resume=True)
    (tmp_path / "other").mkdir()
    with pytest.raises(ConfigError, match="other exists: choose another folder"):
        train(small_panel, CONFIG, out=tmp_path / "other", resume=True)
    assert files(out) == before


@pytest.mark.soak
def test_one_process_trains_into_a_folder(small_panel: Panel, tmp_path: Path) -> None:
    """The system drops the claim with the process, however that ends."""
    out = tmp_path / "model"
    code = (
        "import sys; from pathlib import Path; from bioassay_mtl.training.scratch import claimed\n"
        "with claimed(Path(sys.argv[1]), False): print(flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(out)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        for resume in (False, True):
            with pytest.raises(OutputError, match=f"another process .pid {other.pid}.: wait"):
                train(small_panel, CONFIG, out=out, resume=resume)
        other.kill()
    assert same(train(small_panel, CONFIG, out=out), Model.load(out))
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_one_thread_trains_into_a_folder(tmp_path: Path) -> None:
    out, said = tmp_path / "new" / "model", []

    def other() -> None:
        try:
            with claimed(out, False):
                said.append("claimed")
        except OutputError as error:
            said.append(str(error))

    with claimed(out, False), claimed(out, False) as scratch:
        assert scratch == tmp_path / "new" / "model.training"
        thread = Thread(target=other)
        thread.start()
        thread.join()
    assert said == [f"{out}: is being written by this process already"]
    assert not [*tmp_path.iterdir()]


def test_what_a_dead_run_left_is_no_part_of_a_new_one(small_panel: Panel, tmp_path: Path) -> None:
    """Members without a mark are of settings that nobody knows; what others put there stays."""
    out, scratch = tmp_path / "model", tmp_path / "model.training"
    train(small_panel, small_config(epochs=1, seed=5), out=scratch / "member-1")
    (scratch / "mine.txt").touch()
    model = train_ensemble(small_panel, CONFIG, 2, out=out)
    assert [member["seed"] for member in model.training["members"]] == [0, 1]
    assert [path.name for path in scratch.iterdir() if path.is_file()] == ["mine.txt"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.cases(2)
def test_another_kind_of_run_is_kept(small_panel: Panel, tmp_path: Path, way: str) -> None:
    """Hours of folds are not lost to a command without their option."""
    installed("optuna", "tune")
    run, _ = WAYS[way]
    out, scratch = tmp_path / "model", tmp_path / "model.training"
    with pytest.raises(Killed):
        run(small_panel, CONFIG, out=out, finish=killed)
    before = files(scratch)
    for other in WAYS.keys() - {way} - ({"tune", "tuned ensemble"} if "tune" in way else set()):
        with pytest.raises(ConfigError, match=r"unfinished [a-z -]+: resume that, or remove"):
            WAYS[other][0](small_panel, CONFIG, out=out, resume=True)
        with pytest.raises(ConfigError, match="unfinished run: resume it"):
            WAYS[other][0](small_panel, CONFIG, out=out)
    assert files(scratch) == before


@pytest.mark.parametrize("way", ["ensemble", "folds"])
def test_a_mark_that_says_nothing_is_named(small_panel: Panel, tmp_path: Path, way: str) -> None:
    run, mark = WAYS[way]
    (tmp_path / "model.training").mkdir()
    (tmp_path / "model.training" / mark).write_text('{"ident')
    with pytest.raises(InputError, match=f"{mark}: it does not say of which run it is"):
        run(small_panel, CONFIG, out=tmp_path / "model", resume=True)


@pytest.mark.soak
def test_a_trial_cut_off_while_it_is_noted(small_panel: Panel, tmp_path: Path) -> None:
    """Its line would run into the next one, and the lock of a killed process would not open."""
    installed("optuna", "tune")
    run, journal = WAYS["tune"]

    def stop(record: Any) -> None:
        if record["trial"] == 2:
            raise Killed

    out = tmp_path / "model"
    with pytest.raises(Killed):
        run(small_panel, CONFIG, out=out, progress=stop)
    path = tmp_path / "model.training" / journal
    path.write_bytes(path.read_bytes() + b'{"op_code":5,"wor')
    path.with_name(f"{journal}.lock").touch()
    resumed = run(small_panel, CONFIG, out=out, resume=True)
    assert resumed.training == run(small_panel, CONFIG, out=tmp_path / "whole").training
    assert not path.parent.exists()
