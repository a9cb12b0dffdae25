"""Companions of a model: its assay sheet, a calibration, the molecules it knows.

A companion is written into the model folder where the model has one. ``config.json`` has the hash
of each of its files and, under ``beside``, its record by its name; folders without it have none.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from bioassay_mtl.models.folder_checks import checked, described
from bioassay_mtl.registry import Registry

T = TypeVar("T")
KEY = "beside"


class Companion(ABC, Generic[T]):
    """Companion of a model: how one thing is kept in a model folder."""

    files: ClassVar[tuple[str, ...]]
    """Names of its files."""
    is_big: ClassVar[bool] = False
    """Whether it is read, and its files are checked, only when it is asked for."""
    changes_predictions: ClassVar[bool] = False
    """Whether predictions are wrong without it: folders get a format that older versions refuse."""

    @abstractmethod
    def write(self, held: T, folder: Path) -> None:
        """Write all its files."""

    @abstractmethod
    def read(self, folder: Path, config: Mapping[str, Any]) -> T | None:
        """Read its files, whose hashes fit.

        Parameters
        ----------
        folder, config
            A model folder and its ``config.json``; ``config["beside"]`` has the record.

        Returns
        -------
        None where it cannot be used here, for example with this RDKit.

        Raises
        ------
        ModelFolderError
            A file holds something else; whatever Python raises over values of no use is put so.
        """

    def record(self, held: T) -> dict[str, Any]:
        """Record of it in ``config.json``."""
        return {}

    def joined(self, held: Sequence[T]) -> T | None:
        """Companion of a model joined from several with one; None if it is true no longer."""
        return None


companions: Registry[type[Companion[Any]]] = Registry(
    "companion",
    homes={
        "assays": "bioassay_mtl.models.assay_sheet",
        "certificate": "bioassay_mtl.models.certificate_file",
        "calibration": "bioassay_mtl.models.calibration_file",
        "evidence": "bioassay_mtl.models.evidence_file",
        "limits": "bioassay_mtl.models.limits_file",
        "domain": "bioassay_mtl.models.domain",
    },
)


class Beside(MutableMapping[str, Any]):
    """Companions of a model, by name; a big one is read when asked for.

    Parameters
    ----------
    held
        Companions that are there already.
    """

    def __init__(self, held: Mapping[str, Any] | None = None) -> None:
        is_beside = isinstance(held, Beside)
        self._held: dict[str, Any] = dict(held._held if is_beside else held or {})  # type: ignore[union-attr]

    def later(self, name: str, read: Callable[[], Any]) -> None:
        """Let something be read when it is asked for, once."""
        self._held[name] = _Later(read)

    def __getitem__(self, name: str) -> Any:
        held = self._held[name]
        return held.value() if isinstance(held, _Later) else held

    def __setitem__(self, name: str, value: Any) -> None:
        self._held[companions.known(name)] = value

    def __delitem__(self, name: str) -> None:
        del self._held[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, name: object) -> bool:
        return name in self._held

    def __getstate__(self) -> dict[str, Any]:
        return {"_held": dict(self.items())}  # in another process there may be no folder

    def __repr__(self) -> str:
        return f"Beside({', '.join(self._held)})"


class _Later:
    """Something that is read at most once, by the first of several threads that asks."""

    def __init__(self, read: Callable[[], Any]) -> None:
        self._read, self._lock, self._found = read, threading.Lock(), None

    def value(self) -> Any:
        with self._lock:
            if self._found is None:
                self._found = self._read()
        return self._found


def write_beside(beside: Mapping[str, Any], folder: Path) -> tuple[list[str], dict[str, Any]]:
    """Write what a model has.

    Returns
    -------
    The names of the files, and the records by the companion's name.
    """
    names: list[str] = []
    records: dict[str, Any] = {}
    for name in sorted(beside):
        held, companion = beside[name], companions[name]()
        if held is not None:
            companion.write(held, folder)
            names += companion.files
            records[name] = companion.record(held)
    return names, records


def files_of(names: Iterable[str]) -> list[str]:
    """The names of the files of some companions."""
    return [file for name in names for file in companions[name].files]


def of_beside(records: Mapping[str, Any]) -> dict[str, Any]:
    """Records of companions in ``config.json``; none where there are none."""
    return {KEY: dict(records)} if records else {}


def read_beside(folder: Path, config: Mapping[str, Any]) -> Beside:
    """Companions in a model folder; those of a newer version of this package are left out.

    Raises
    ------
    ModelFolderError
        A file is missing, altered, or holds something else.
    """
    found = Beside()
    for name in filter(companions.offers, sorted(config.get(KEY, {}))):
        companion = companions[name]()
        if companion.is_big:
            found.later(name, _reading(companion, folder.absolute(), config))
        elif (held := _read(companion, folder, config)) is not None:
            found[name] = held
    return found


def _reading(
    companion: Companion[Any], folder: Path, config: Mapping[str, Any]
) -> Callable[[], Any]:
    return lambda: _read(companion, folder, config)


def _read(companion: Companion[Any], folder: Path, config: Mapping[str, Any]) -> Any:
    for name in companion.files:
        checked(folder, name, config)
    with described(folder / companion.files[0], "content"):
        return companion.read(folder, config)


def change_predictions(names: Iterable[str]) -> bool:
    """Whether predictions would be wrong without one of these companions."""
    return any(companions[name].changes_predictions for name in names if companions.offers(name))


def joined_beside(all_of: Sequence[Mapping[str, Any]]) -> Beside:
    """Companions of a model made of several: those that all of them have and are still true."""
    found = Beside()
    for name in sorted(set.intersection(*(set(beside) for beside in all_of))):
        held = companions[name]().joined([beside[name] for beside in all_of])
        if held is not None:
            found[name] = held
    return found
