"""Scores that are known, one line a training: a search that was stopped goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bioassay_mtl.errors import ConfigError, InputError
from bioassay_mtl.models.weights_file import written

LEDGER = "scores.jsonl"
Scores = Sequence[float]


class Ledger:
    """Scores by what was trained, in a file or in memory.

    Parameters
    ----------
    folder
        Folder of the ledger; None for memory.
    identity
        Identity of the panel and the settings.

    Raises
    ------
    ConfigError
        The folder holds scores of something else.
    InputError
        A line of the file cannot be read.
    """

    def __init__(self, folder: Path | None, identity: str) -> None:
        self._file = None if folder is None else folder / LEDGER
        self._known: dict[str, list[float]] = {}
        if self._file is None:
            return
        if self._file.exists():
            self._read(self._file, identity)
        else:
            with written(self._file):
                self._file.parent.mkdir(parents=True, exist_ok=True)
            self._append({"identity": identity})

    def _read(self, file: Path, identity: str) -> None:
        text = file.read_text(encoding="utf-8")
        whole = text[: text.rfind("\n") + 1]  # a kill leaves half a line
        lines = [_read_line(file, *each) for each in enumerate(whole.splitlines(), start=1)]
        if not lines or lines[0].get("identity") != identity:
            raise ConfigError(
                f"{file} holds scores of another panel, or of other settings: choose another folder"
            )
        if whole != text:
            file.write_text(whole, encoding="utf-8")
        for number, line in enumerate(lines[1:], start=2):
            if {*line} != {"case", "scores"}:
                raise _unreadable(file, number, "no case and its scores")
            scores = [float("nan") if s is None else s for s in line["scores"]]
            self._known[_key(line["case"])] = scores

    def scores(self, case: dict[str, Any], train: Callable[[], Scores]) -> list[float]:
        """Scores of a case; it is trained where they are not known."""
        key = _key(case)
        if key not in self._known:
            found = [float(score) for score in train()]
            self._known[key] = found
            self._append(
                {"case": case, "scores": [None if np.isnan(s) else round(s, 6) for s in found]}
            )
        return self._known[key]

    def _append(self, line: dict[str, Any]) -> None:
        if self._file is None:
            return
        with written(self._file), self._file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")
            stream.flush()
            os.fsync(stream.fileno())


def _read_line(file: Path, number: int, line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise _unreadable(file, number, str(error)) from error
    if not isinstance(found, dict):
        raise _unreadable(file, number, "no mapping")
    return found


def _unreadable(file: Path, number: int, reason: str) -> InputError:
    return InputError(
        f"line {number} is no score of a training: {reason}",
        file=file,
        hint="remove that line, and what it knew is trained anew",
    )


def _key(case: dict[str, Any]) -> str:
    return json.dumps(case, sort_keys=True)
