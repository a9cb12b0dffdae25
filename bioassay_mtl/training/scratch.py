"""The folder beside a model in which an unfinished run keeps its state, and its logs."""

from __future__ import annotations

import logging
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

from bioassay_mtl.errors import ConfigError, OutputError
from bioassay_mtl.files import locked, recover
from bioassay_mtl.models.folder import check_name
from bioassay_mtl.models.folder_checks import CONFIG
from bioassay_mtl.models.weights_file import written
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.loggers import CSVLog, RunLog, TensorBoardLog

log = logging.getLogger(__name__)
STATE = "state.safetensors"
MEMBERS, FOLDS, JOURNAL = "ensemble.json", "folds.json", "tuning.jsonl"
STACK = "stacked.json"
TOGETHER = "together.safetensors"
_RUNS = {
    JOURNAL: "search of settings",
    FOLDS: "cross-validation",
    MEMBERS: "ensemble",
    STACK: "training of stacked experts",
    TOGETHER: "training of panels together",
    STATE: "training of one model",
}
JOINT = "together.json"
"""File in the folder of models that were trained together: what they share."""
STATES = tuple(_RUNS)
"""Runs by what they keep; a search keeps its journal while it trains with what it has found."""
_KEPT = re.compile(
    r"(state|together)\.safetensors|(ensemble|folds|stacked)\.json|tuning\.jsonl(\.lock)?"
    r"|(member|fold)-\d+|expert-\d+-(fold-\d+|all)"
    r"|\..+\.(part|old|writing)"
)
_claimed: ContextVar[frozenset[Path]] = ContextVar("_claimed", default=frozenset())


def check_out(out: Path, resume: bool = False) -> None:
    """See that a model folder can be made.

    Parameters
    ----------
    out
        The folder.
    resume
        A model that is there already is no fault: the run may have made it.

    Raises
    ------
    ConfigError
        There is one.
    OutputError
        Nothing can be made in the folder that it is to be in.
    """
    check_name(out)
    recover(out)
    made = any((out / name).is_file() for name in (CONFIG, JOINT))
    if out.exists() and not (resume and made):
        raise ConfigError(f"{out} exists: choose another folder, or remove it")
    folder = next(parent for parent in out.parents if parent.exists())
    if not folder.is_dir():
        raise OutputError(f"{out}: {str(folder)!r} is no folder")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"{out}: no permission to write in {str(folder)!r}")


@contextmanager
def claimed(out: Path | None, resume: bool, state: str = STATE) -> Iterator[Path | None]:
    """``OUT.training``, of this run alone until the block ends; whoever first writes makes it.

    Within a block of the same ``out`` it changes nothing: a search trains where it searched.

    Parameters
    ----------
    out
        The model folder to be; None for none.
    resume
        Whether to go on with an unfinished run.
    state
        Name of the file that an unfinished run has left there.

    Raises
    ------
    ConfigError
        ``out`` exists, or a run is unfinished that is not to be resumed.
    OutputError
        No folder can be made there, or another process is training it.
    """
    if out is None:
        yield None
        return
    scratch = out.with_name(out.name + ".training")
    place = scratch.resolve()
    if place in _claimed.get():
        yield scratch
        return
    check_out(out, resume)
    with _parents(out), locked(out):
        _find(out, scratch, resume, state)
        token = _claimed.set(_claimed.get() | {place})
        try:
            yield scratch
        finally:
            _claimed.reset(token)


@contextmanager
def _parents(out: Path) -> Iterator[None]:
    """Make the folders above; those that stay empty go with the block."""
    made = [parent for parent in out.parents if not parent.exists()]
    with written(out):
        out.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield
    finally:
        with suppress(OSError):  # one of them is not empty
            for parent in made:
                parent.rmdir()


def _find(out: Path, scratch: Path, resume: bool, state: str) -> None:
    """See what an earlier run has left; what a run needs that begins anew is nothing of it."""
    check_out(out, resume)  # it may have come while another process held the claim
    unfinished = next((name for name in _RUNS if (scratch / name).exists()), None)
    if unfinished and not resume:
        raise ConfigError(f"{scratch} holds an unfinished run: resume it, or remove it")
    if out.exists():
        return
    if unfinished and unfinished != state:
        raise ConfigError(
            f"{scratch} holds an unfinished {_RUNS[unfinished]}: resume that, or remove the folder"
        )
    if not unfinished:
        if resume:
            log.warning("%s holds nothing to resume: training starts anew", scratch)
        clear(scratch)


def clear(scratch: Path) -> None:
    """Remove all that a run keeps but its logs; what others have put there stays.

    Files go last: without its mark, a member of other settings could be taken for a new run's.
    """
    if not scratch.is_dir():
        return
    for path in sorted(scratch.iterdir(), key=Path.is_file):
        if path.is_dir() and path.suffix == ".training":
            clear(path)
        elif _KEPT.fullmatch(path.name):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    with suppress(OSError):  # it holds logs
        scratch.rmdir()


@contextmanager
def begun(scratch: Path | None, state: str) -> Iterator[None]:
    """Make the folder of several trainings; settings that cannot be used leave none behind.

    Parameters
    ----------
    scratch
        The folder, or None for none.
    state
        Name of the file by which a begun run is known there.
    """
    if scratch is None:
        yield
        return
    anew = not (scratch / state).exists()
    scratch.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except ConfigError:
        if anew:
            (scratch / state).unlink(missing_ok=True)
            with suppress(OSError):  # it holds the logs of an earlier run
                scratch.rmdir()
        raise


def scratch_loggers(config: TrainingConfig, scratch: Path | None) -> list[RunLog]:
    """Loggers of a run's course in its folder; without one, none."""
    if scratch is None:
        return []
    logs: list[RunLog] = []
    if "csv" in config.loggers:
        # A later run logs beside an earlier one.
        part = len(list(scratch.glob("logs*"))) + 1
        logs.append(CSVLog(scratch / ("logs" if part == 1 else f"logs-{part}") / "metrics.csv"))
    if "tensorboard" in config.loggers:
        logs.append(TensorBoardLog(scratch / "tensorboard"))
    return logs
