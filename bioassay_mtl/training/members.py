"""Models that are trained to be joined: each in a folder of its own until all are there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bioassay_mtl.errors import BioassayError, ConfigError, InputError
from bioassay_mtl.files import write_whole
from bioassay_mtl.models.model import Model
from bioassay_mtl.training.callbacks import Progress
from bioassay_mtl.training.fit import train_session
from bioassay_mtl.training.jobs import Jobs
from bioassay_mtl.training.session import Session
from bioassay_mtl.training.side_by_side import Training, train_member, train_side_by_side


def trained_members(
    trainings: Sequence[Training],
    jobs: int | Jobs = 1,
    progresses: Sequence[Progress | None] = (),
) -> list[Model]:
    """All models: as they are in their folders, or trained, from where they were cut off.

    Parameters
    ----------
    trainings
        Training of each member; a folder that is there holds a finished model.
    jobs
        Number of members that are trained at a time, in processes of their own if that is several.
    progresses
        Progress of each member, called after each epoch.

    Raises
    ------
    ConfigError, InputError, OutputError, TrainingError, WorkerError
        Whatever the first of them fails of.
    """
    jobs = Jobs.of(jobs)
    if jobs.n == 1 or len(trainings) == 1:
        return [
            member(each.session, each.folder, progress=progress, **each.given)
            for each, progress in zip(trainings, progresses, strict=True)
        ]
    with TemporaryDirectory() as folder:
        kept = [
            each if each.folder else replace(each, folder=Path(folder) / f"model-{number}")
            for number, each in enumerate(trainings)
        ]
        folders = [each.folder for each in kept if each.folder]
        missing = [number for number, each in enumerate(folders) if not each.exists()]

        def told(number: int, record: Mapping[str, Any]) -> bool:
            if (progress := progresses[missing[number]]) is not None:
                progress(record)
            return True

        def ended(number: int, failure: BioassayError | None) -> None:
            if failure is not None:
                raise failure

        if missing:
            train_side_by_side([kept[number] for number in missing], jobs, told, ended)
        models = [Model.load(each) for each in folders]
        for model in models:
            dict(model.beside)  # read what waits to be asked for: the folder may be gone then
        return models


def member(session: Session, folder: Path | None, **given: Any) -> Model:
    """One of the models: as it is in its folder, or trained, from where it was cut off.

    Parameters
    ----------
    session
        Session that it learns, and how.
    folder
        Folder of the model; None for none.
    given
        Further arguments of :func:`bioassay_mtl.training.fit.train_session`.
    """
    if folder is None:
        return train_session(session, **given)
    if not folder.exists():
        train_member(session, folder, **given)
    return Model.load(folder)  # as a resumed run has it


def known(model: Model) -> dict[str, Any]:
    """Facts of a member that are kept."""
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
