"""Loggers that write the course of a run into a file, an epoch at a time."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Protocol

from bioassay_mtl.errors import MissingExtraError


class RunLog(Protocol):
    """Log of epochs: each has its number (from 1), its loss and its score."""

    def __call__(self, record: Mapping[str, float]) -> None: ...

    def close(self) -> None:
        """Let go of the file."""
        ...


class CSVLog:
    """A table with a row for each epoch, which is there as soon as the epoch ends.

    Parameters
    ----------
    path
        Path of the table; it and its folder are made with the first row.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def __call__(self, record: Mapping[str, float]) -> None:
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("w", encoding="utf-8", newline="")
            csv.writer(self._file).writerow(record)
        csv.writer(self._file).writerow(record.values())
        self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


class TensorBoardLog:
    """Events that TensorBoard draws, by the number of the epoch.

    Parameters
    ----------
    folder
        Folder of the events; it is made with the first epoch.

    Raises
    ------
    MissingExtraError
        TensorBoard is not installed.
    """

    def __init__(self, folder: Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ModuleNotFoundError:
            raise MissingExtraError("tensorboard", "tensorboard") from None
        self._new, self._folder = SummaryWriter, folder
        self._writer: SummaryWriter | None = None

    def __call__(self, record: Mapping[str, float]) -> None:
        if self._writer is None:
            self._writer = self._new(str(self._folder))
        for name, value in record.items():
            if name != "epoch":
                self._writer.add_scalar(name, value, int(record["epoch"]))

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
