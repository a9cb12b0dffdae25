"""The end of a run: its folder appears whole, and a run that has ended is not begun again."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.files import whole_folder
from bioassay_mtl.models.assay_sheet import NAME, Described
from bioassay_mtl.models.folder import amend_folder, write_files
from bioassay_mtl.models.limits_file import NAME as LIMITS
from bioassay_mtl.models.limits_file import limits_with
from bioassay_mtl.models.model import Model
from bioassay_mtl.training.scratch import clear

log = logging.getLogger(__name__)

Finish = Callable[[Model, Path], object]
"""Writes what else belongs into a model's folder, before this appears."""


def publish(
    model: Model,
    out: Path | None,
    scratch: Path | None,
    also: Callable[[Path], object] | None = None,
) -> None:
    """Write a model's folder, which appears whole or not at all; then what the run kept goes.

    Parameters
    ----------
    model
        Model that is written.
    out, scratch
        Folder of the model, and the one beside it; None for none.
    also
        Writes more into the folder, which has another name until it is whole.

    Raises
    ------
    OutputError
        Writing fails, for example on a full disk. The run can be resumed.
    """
    if out is None or scratch is None:
        return
    with whole_folder(out) as folder:
        write_files(model, folder)
        if also is not None:
            also(folder)
    clear(scratch)


def completed(
    out: Path | None, scratch: Path | None, identity: str, about: Mapping[str, Described]
) -> Model | None:
    """The model that a run has made already; None where there is none.

    Leftovers of a kill in the folder beside it are removed.

    Parameters
    ----------
    out, scratch
        The folder that may be there, and the one beside it; None for none.
    identity
        Hash of all that decides the result of the run.
    about
        Facts of the assays as they are known now: the folder gets them.

    Raises
    ------
    ConfigError
        The model is of another run.
    ModelFolderError
        It was altered, or this version cannot read it.
    """
    if out is None or scratch is None or not out.exists():
        return None
    model = Model.load(out)
    if model.training.get("run") != identity:
        raise ConfigError(
            f"{out} is complete, and of a run with other settings or other data: choose another "
            "folder, or remove it"
        )
    sheet = model.sheet.described(about)
    if sheet != model.sheet:
        beside = {NAME: sheet, LIMITS: limits_with(model, about)}
        amend_folder(out, beside)
        model.beside.update(beside)
    log.info("%s is complete: nothing is left to do", out)
    clear(scratch)
    return model


def identity_of(run: str, **counts: int) -> str:
    """Hash of a run of several trainings: what each is of, and how many there are."""
    return hashlib.sha256(json.dumps([run, counts], sort_keys=True).encode()).hexdigest()
