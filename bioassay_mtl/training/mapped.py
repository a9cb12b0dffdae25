"""Objects that several processes read from one file, whose arrays none of them holds by itself."""

from __future__ import annotations

import mmap
import pickle
from pathlib import Path
from typing import Any

ALIGNED = 64
"""Bytes at a multiple of which arrays begin, as in memory of their own."""


def write_mapped(value: Any, path: Path) -> None:
    """Write an object of ours for processes of ours: pickled, its arrays in a file beside it."""
    arrays: list[pickle.PickleBuffer] = []
    content = pickle.dumps(value, protocol=5, buffer_callback=arrays.append)
    places = []
    with _beside(path).open("wb") as file:
        for array in arrays:
            raw = array.raw()
            file.write(bytes(-file.tell() % ALIGNED))
            places.append((file.tell(), raw.nbytes))
            file.write(raw)
        file.write(bytes(1))  # nothing cannot be mapped
    path.write_bytes(pickle.dumps((content, places)))


def read_mapped(path: Path) -> Any:
    """The object; a page of an array is a copy of this process once it is written to."""
    content, places = pickle.loads(path.read_bytes())
    with _beside(path).open("rb") as file:
        mapped = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))
    return pickle.loads(content, buffers=[mapped[at : at + size] for at, size in places])


def files_of(path: Path) -> tuple[Path, Path]:
    """Both files that an object is written to."""
    return path, _beside(path)


def remove_mapped(path: Path) -> None:
    """Remove both files; who has them mapped keeps what they held."""
    for each in files_of(path):
        each.unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    return path.with_suffix(".arrays")
