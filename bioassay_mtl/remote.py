"""Files in object stores, by their URI (``s3://bucket/key``), as Arrow reads and writes them.

Who may read what, and where the store is, is told as its own tools are told (for S3,
``AWS_ACCESS_KEY_ID``, ``AWS_REGION``, ``AWS_ENDPOINT_URL``).
"""

from __future__ import annotations

import io
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

_URI = re.compile(r"(?!file:)[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_CHUNK = 8 << 20


class Facts(NamedTuple):
    """Bytes of a file, and when it was changed, in nanoseconds since 1970."""

    bytes: int
    modified: int


def is_remote(path: object) -> bool:
    """Whether a path is a URI of a store.

    Examples
    --------
    >>> is_remote("s3://bucket/library.smi"), is_remote("/data/library.smi")
    (True, False)
    """
    return _URI.match(str(path)) is not None


def opened(path: str | Path) -> io.BufferedReader:
    """A file, here or in a store, that can be read at any place.

    Raises
    ------
    OSError
        It cannot be read.
    """
    if not is_remote(path):
        return Path(path).open("rb")
    store, key = _located(str(path))
    return io.BufferedReader(cast(io.RawIOBase, store.open_input_file(key)))


def facts(path: str | Path) -> Facts | None:
    """Facts of a file, here or in a store, without reading it; None where there is none.

    Raises
    ------
    OSError
        The store cannot be asked.
    """
    if not is_remote(path):
        if not Path(path).is_file():
            return None
        found = Path(path).stat()
        return Facts(found.st_size, found.st_mtime_ns)
    store, key = _located(str(path))
    info = store.get_file_info(key)
    return Facts(info.size, info.mtime_ns or 0) if info.is_file else None


def place(path: str | Path) -> str:
    """What all names of one file have in common: where its links lead, or its key in a store.

    Raises
    ------
    OSError
        The URI is of no store that is known.
    """
    if not is_remote(path):
        return os.path.realpath(path)
    store, key = _located(str(path))
    return f"{store.type_name}:{key}"


def sizes(uri: str) -> dict[str, int]:
    """Bytes of the objects right below a URI, by the rest of their names.

    Raises
    ------
    OSError
        The store cannot be asked.
    """
    from pyarrow.fs import FileSelector

    store, key = _located(uri)
    found = store.get_file_info(FileSelector(key, allow_not_found=True))
    return {each.base_name: each.size for each in found if each.is_file}


def written(uri: str, content: IO[bytes]) -> None:
    """Write an object; it appears when all of it is there.

    Raises
    ------
    OSError
        It cannot be written.
    """
    store, key = _located(uri)
    with store.open_output_stream(key) as stream:
        while chunk := content.read(_CHUNK):
            stream.write(chunk)


def removed(uri: str) -> None:
    """Remove an object, if it is there.

    Raises
    ------
    OSError
        It cannot be removed.
    """
    store, key = _located(uri)
    with suppress(FileNotFoundError):
        store.delete_file(key)


def _located(uri: str) -> tuple[Any, str]:
    """The store of a URI, and the key of an object in it."""
    from pyarrow import ArrowException
    from pyarrow.fs import FileSystem

    try:
        store, key = FileSystem.from_uri(uri)
    except (ArrowException, ValueError) as error:
        raise OSError(f"no URI of a store that is known: {error}") from error
    if "//" in key:
        raise OSError("no URI of an object: between two slashes there is no name")
    return store, key
