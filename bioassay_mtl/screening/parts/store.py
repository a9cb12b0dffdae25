"""Stores of a data set of parts: a folder, or an object store."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from bioassay_mtl import remote
from bioassay_mtl.errors import BeingWrittenError, OutputError
from bioassay_mtl.files import locked, whole_file, write_whole

_LOCK = ".writing"


class Store(Protocol):
    """Files by their names in a data set, such as ``parts/part-00000.parquet``."""

    def is_free(self) -> bool:
        """Whether nothing is there that is of no data set of ours."""
        ...

    def make_room(self, *folders: str) -> None:
        """Make what files are to stand in."""
        ...

    def read(self, name: str) -> bytes | None:
        """A small file; None where it is not there."""
        ...

    def size(self, name: str) -> int | None:
        """Bytes of a file; None where it is not there."""
        ...

    def sizes(self, folder: str) -> dict[str, int]:
        """Bytes of all files of a folder, by their names in it."""
        ...

    def open(self, name: str) -> io.BufferedReader:
        """A file, to be read at any place."""
        ...

    def put(self, name: str, content: bytes) -> None:
        """Write a small file, whole or not at all."""
        ...

    def put_first(self, name: str, content: bytes) -> None:
        """The same, unless it is there."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        ...

    def opened(self, name: str) -> AbstractContextManager[BinaryIO]:
        """A stream to a file that appears when the block ends without an exception."""
        ...

    def claimed(self, name: str) -> ExitStack | None:
        """Hold a file until the stack is closed; None where another process does."""
        ...

    def sweep(self, folder: str) -> None:
        """Remove what killed writers have left."""
        ...


class Folder:
    """A folder of this system.

    Parameters
    ----------
    path
        The folder, there or not.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def is_free(self) -> bool:
        if not self._path.is_dir():
            return True
        return all(each.name.startswith(".") for each in self._path.iterdir())

    def make_room(self, *folders: str) -> None:
        try:
            for folder in folders or ("",):
                (self._path / folder).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{self._path}: no folder can be made: {error.strerror}") from error

    def read(self, name: str) -> bytes | None:
        path = self._path / name
        return path.read_bytes() if path.is_file() else None

    def size(self, name: str) -> int | None:
        found = remote.facts(self._path / name)
        return None if found is None else found.bytes

    def sizes(self, folder: str) -> dict[str, int]:
        place = self._path / folder
        if not place.is_dir():
            return {}
        with os.scandir(place) as found:
            return {each.name: each.stat().st_size for each in found if each.is_file()}

    def open(self, name: str) -> io.BufferedReader:
        return (self._path / name).open("rb")

    def put(self, name: str, content: bytes) -> None:
        write_whole(self._path / name, content)

    def put_first(self, name: str, content: bytes) -> None:
        try:
            with whole_file(self._path / name, overwrite=False) as stream:
                stream.write(content)
        except OutputError:
            if not (self._path / name).is_file():
                raise

    def remove(self, name: str) -> None:
        with _worded(str(self._path / name)):
            (self._path / name).unlink(missing_ok=True)

    def opened(self, name: str) -> AbstractContextManager[BinaryIO]:
        return whole_file(self._path / name)

    def claimed(self, name: str) -> ExitStack | None:
        with ExitStack() as stack:
            try:
                stack.enter_context(locked(self._path / name))
            except BeingWrittenError:
                return None
            return stack.pop_all()

    def sweep(self, folder: str) -> None:
        for path in (self._path / folder).glob(f".*{_LOCK}"):
            with suppress(OutputError), locked(path.with_name(path.name[1 : -len(_LOCK)])):
                pass


class ObjectStore:
    """Objects below a URI. There are no locks: two writers write the same.

    Parameters
    ----------
    uri
        Address that their keys begin with.
    """

    def __init__(self, uri: str) -> None:
        self._uri = uri.rstrip("/")

    def is_free(self) -> bool:
        return True

    def make_room(self, *folders: str) -> None:
        pass

    def read(self, name: str) -> bytes | None:
        try:
            with self.open(name) as stream:
                return stream.read()
        except FileNotFoundError:
            return None

    def size(self, name: str) -> int | None:
        found = remote.facts(f"{self._uri}/{name}")
        return None if found is None else found.bytes

    def sizes(self, folder: str) -> dict[str, int]:
        return remote.sizes(f"{self._uri}/{folder}")

    def open(self, name: str) -> io.BufferedReader:
        return remote.opened(f"{self._uri}/{name}")

    def put(self, name: str, content: bytes) -> None:
        with _worded(f"{self._uri}/{name}"):
            remote.written(f"{self._uri}/{name}", io.BytesIO(content))

    def put_first(self, name: str, content: bytes) -> None:
        if self.size(name) is None:
            self.put(name, content)

    def remove(self, name: str) -> None:
        with _worded(f"{self._uri}/{name}"):
            remote.removed(f"{self._uri}/{name}")

    @contextmanager
    def opened(self, name: str) -> Iterator[BinaryIO]:
        with _worded(f"{self._uri}/{name}"), tempfile.TemporaryFile() as held:
            yield cast(BinaryIO, held)
            held.seek(0)
            remote.written(f"{self._uri}/{name}", held)

    def claimed(self, name: str) -> ExitStack | None:
        return ExitStack()

    def sweep(self, folder: str) -> None:
        pass


def store_at(path: str | Path) -> Store:
    """The store of a folder's path, or of a URI.

    Raises
    ------
    OutputError
        It is a URI of a file system, which would be taken for a folder called ``file:``.
    """
    if str(path).lower().startswith("file:/"):
        raise OutputError(f"{path}: a folder of this system is expected as a path, not as a URI")
    return ObjectStore(str(path)) if remote.is_remote(path) else Folder(Path(path))


@contextmanager
def _worded(uri: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"{uri}: could not be written: {error}") from error
