"""The folder beside a model in which an unfinished run keeps its state, and its logs."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from bioassay_mtl.errors import ConfigError, MissingExtraError, OutputError
from bioassay_mtl.training.config import TrainingConfig

if TYPE_CHECKING:
    from lightning.pytorch.loggers import Logger

log = logging.getLogger(__name__)
STATE = "state.safetensors"


def check_out(out: Path) -> None:
    """See that a model folder can be made.

    Raises
    ------
    ConfigError
        There is one.
    OutputError
        Nothing can be made in the folder that it is to be in.
    """
    if out.exists():
        raise ConfigError(f"{out} exists: choose another folder, or remove it")
    folder = next(parent for parent in out.parents if parent.exists())
    if not folder.is_dir():
        raise OutputError(f"{out}: {str(folder)!r} is no folder")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"{out}: no permission to write in {str(folder)!r}")


def scratch_folder(out: Path, resume: bool, state: str = STATE) -> Path:
    """``OUT.training``; it is made by whoever first writes into it.

    Parameters
    ----------
    out
        The model folder to be.
    resume
        Whether to go on with an unfinished run.
    state
        Name of the file that an unfinished run has left there.

    Raises
    ------
    ConfigError
        ``out`` exists, or a run is unfinished that is not to be resumed.
    OutputError
        No folder can be made there.
    """
    check_out(out)
    scratch = out.with_name(out.name + ".training")
    unfinished = (scratch / state).exists()
    if unfinished and not resume:
        raise ConfigError(f"{scratch} holds an unfinished run: resume it, or remove it")
    if resume and not unfinished:
        log.warning("%s holds nothing to resume: training starts anew", scratch)
    return scratch


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


def scratch_loggers(config: TrainingConfig, scratch: Path | None) -> list[Logger]:
    """What writes a run's course into its folder; without one, nothing."""
    if scratch is None:
        return []
    from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger

    loggers: list[Logger] = []
    if "csv" in config.loggers:
        # A later run logs beside an earlier one, which Lightning would overwrite.
        part = len(list(scratch.glob("logs*"))) + 1
        version = "logs" if part == 1 else f"logs-{part}"
        loggers.append(CSVLogger(scratch, name="", version=version))
    if "tensorboard" in config.loggers:
        try:
            loggers.append(TensorBoardLogger(scratch, name="", version="tensorboard"))
        except ModuleNotFoundError:
            raise MissingExtraError("tensorboard", "tensorboard") from None
    return loggers
