"""The folder beside a model in which an unfinished run keeps its state, and its logs."""

from __future__ import annotations

import logging
from pathlib import Path

from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger

from bioassay_mtl.errors import ConfigError, MissingExtraError
from bioassay_mtl.training.config import TrainingConfig

log = logging.getLogger(__name__)
STATE = "state.safetensors"


def scratch_folder(out: Path, resume: bool, state: str = STATE) -> Path:
    """``OUT.training``, made where it is not there.

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
    """
    if out.exists():
        raise ConfigError(f"{out} exists: choose another folder, or remove it")
    scratch = out.with_name(out.name + ".training")
    unfinished = (scratch / state).exists()
    if unfinished and not resume:
        raise ConfigError(f"{scratch} holds an unfinished run: resume it, or remove it")
    if resume and not unfinished:
        log.warning("%s holds nothing to resume: training starts anew", scratch)
    scratch.mkdir(parents=True, exist_ok=True)
    return scratch


def scratch_loggers(config: TrainingConfig, scratch: Path | None) -> list[Logger]:
    """What writes a run's course into its folder; without one, nothing."""
    if scratch is None:
        return []
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
