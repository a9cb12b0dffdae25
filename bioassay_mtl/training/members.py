"""Models that are trained to be joined: each in a folder of its own until all are there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bioassay_mtl.errors import ConfigError, InputError
from bioassay_mtl.files import write_whole
from bioassay_mtl.models.model import Model
from bioassay_mtl.training.callbacks import Progress
from bioassay_mtl.training.fit import train_session
from bioassay_mtl.training.scratch import STATES
from bioassay_mtl.training.session import Session


def member(session: Session, folder: Path | None, **given: Any) -> Model:
    """One of the models: as it is in its folder, or trained, from where it was cut off.

    Parameters
    ----------
    session
        What it learns, and how.
    folder
        Of the model; None for none.
    given
        What else :func:`bioassay_mtl.training.fit.train_session` takes.
    """
    if folder is None:
        return train_session(session, **given)
    if not folder.exists():
        begun = folder.with_name(folder.name + ".training")
        resume = any((begun / state).exists() for state in STATES)
        train_session(session, out=folder, resume=resume, **given)
    return Model.load(folder)  # as a resumed run has it


def known(model: Model) -> dict[str, Any]:
    """What is kept of a member."""
    training, valid = model.training, model.metrics["valid"]
    return {
        "seed": training["config"]["seed"],
        "best_epoch": training["best_epoch"],
        "history": training["history"],
        "valid": None if valid is None else valid.get("macro"),
    }


def numbered(progress: Progress | None, **number: Any) -> Progress | None:
    """Progress that tells which ``member``, ``fold`` or ``panel`` it is of."""
    if progress is None:
        return None
    return lambda record: progress({**number, **record})


def mark(path: Path, identity: str) -> None:
    """Say what the folder's members are of, or see that they are of this run."""
    if not path.exists():
        write_whole(path, json.dumps({"identity": identity}) + "\n")
    elif _marked(path) != identity:
        raise ConfigError(
            f"{path.parent} is of a run with other settings or other data; train into "
            "another folder, or repeat the first settings"
        )


def _marked(path: Path) -> str:
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["identity"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"it does not say of which run it is: {error}",
            file=path,
            hint=f"remove {path.parent} and train anew",
        ) from error
