"""Checkpoints of a DeepChem model: model folders, ``checkpoint1`` the newest."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from bioassay_mtl.adapters.deepchem.state import State
from bioassay_mtl.errors import ModelFolderError
from bioassay_mtl.models.folder_checks import CONFIG
from bioassay_mtl.models.model import Model


class CheckpointError(ModelFolderError, ValueError):
    """There is no checkpoint; a `ValueError` too, as of DeepChem's own models."""


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints in one folder.

    Parameters
    ----------
    folder
        Folder of the checkpoints.
    """

    folder: Path

    def folders(self) -> list[Path]:
        """Folders that are there, the newest first."""
        found = [
            path
            for path in self.folder.glob("checkpoint[0-9]*")
            if path.name.removeprefix("checkpoint").isdigit() and (path / CONFIG).exists()
        ]
        return sorted(found, key=_number)

    def newest(self) -> Path:
        """The newest.

        Raises
        ------
        CheckpointError
            There is none.
        """
        if not (folders := self.folders()):
            raise CheckpointError(f"no checkpoint found in {self.folder}")
        return folders[0]

    def add(self, model: Model, state: State | None, keep: int) -> None:
        """Make a model the newest of `keep` checkpoints; 0 keeps all that are there as they are."""
        if keep == 0:
            return
        self._write(model, state)
        self._renumber()
        for path in self.folders()[keep:]:
            self._remove(path)

    def replace(self, model: Model, state: State | None) -> None:
        """Write a model in the place of the newest."""
        self._write(model, state)
        if self._place(1).exists():
            self._remove(self._place(1))
        self._renumber()

    def _renumber(self) -> None:
        """Number all from 1 on; what was interrupted is completed."""
        if self._place(0).exists():
            for path in reversed(self.folders()):
                path.rename(self._place(_number(path) + 1))
        for number, path in enumerate(self.folders(), start=1):
            if path != self._place(number):
                path.rename(self._place(number))

    def _remove(self, path: Path) -> None:
        """Remove a checkpoint; killed meanwhile, no part of it has its name."""
        removed = self.folder / "removed"
        if removed.exists():
            shutil.rmtree(removed)
        path.rename(removed)
        shutil.rmtree(removed)

    def _write(self, model: Model, state: State | None) -> None:
        """Write checkpoint 0, newer than all others: whole, before any of them is touched."""
        self._renumber()
        scratch = model.save(self.folder / "newest", overwrite=True)
        if state is not None:
            state.write(scratch)
        scratch.rename(self._place(0))

    def _place(self, number: int) -> Path:
        return self.folder / f"checkpoint{number}"


def _number(path: Path) -> int:
    return int(path.name.removeprefix("checkpoint"))
