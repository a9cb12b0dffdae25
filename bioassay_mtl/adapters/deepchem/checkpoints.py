"""Checkpoints of a DeepChem model: model folders, ``checkpoint1`` the newest."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from bioassay_mtl.errors import ModelFolderError
from bioassay_mtl.nn.model import Model


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints in one folder.

    Parameters
    ----------
    folder
        Where they are.
    """

    folder: Path

    def folders(self) -> list[Path]:
        """Those that are there, the newest first."""
        found = self.folder.glob("checkpoint[0-9]*")
        return sorted(found, key=lambda path: int(path.name.removeprefix("checkpoint")))

    def newest(self) -> Path:
        """The newest.

        Raises
        ------
        ModelFolderError
            There is none.
        """
        if not (folders := self.folders()):
            raise ModelFolderError(f"no checkpoint found in {self.folder}")
        return folders[0]

    def add(self, model: Model, keep: int) -> None:
        """Make a model the newest of `keep` checkpoints; 0 keeps all that are there as they are."""
        if keep == 0:
            return
        scratch = model.save(self.folder / "newest", overwrite=True)
        for number, path in reversed([*enumerate(self.folders(), start=2)]):
            if number > keep:
                shutil.rmtree(path)
            else:
                path.rename(self._place(number))
        scratch.rename(self._place(1))

    def replace(self, model: Model) -> None:
        """Write a model in the place of the newest."""
        model.save(self._place(1), overwrite=True)

    def _place(self, number: int) -> Path:
        return self.folder / f"checkpoint{number}"
