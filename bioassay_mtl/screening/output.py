"""Output files that appear whole or not at all."""

from __future__ import annotations

import gzip
import io
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from bioassay_mtl.errors import OutputError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

STDOUT = "-"


class Output:
    """Where results go: a file, or standard output.

    A file is written under a temporary name beside its final one, and renamed when it is whole;
    after any failure neither remains. Devices and named pipes are written to directly.

    Parameters
    ----------
    path
        The file's path; ``-`` is standard output. A name that ends in ``.gz`` is compressed.
    overwrite
        Replace a file that exists.
    inputs
        Files that must not be replaced.

    Raises
    ------
    OutputError
        When it is clear beforehand that the file could not be written.
    """

    def __init__(
        self, path: str | Path, *, overwrite: bool = False, inputs: Iterable[str | Path] = ()
    ) -> None:
        self.name = str(path)
        self.is_stdout = self.name == STDOUT
        self.path = Path(path)
        if not self.is_stdout:
            self._check(overwrite, inputs)

    def _check(self, overwrite: bool, inputs: Iterable[str | Path]) -> None:
        folder = self.path.parent
        if not folder.is_dir():
            raise OutputError(f"{self.name}: there is no folder {str(folder)!r} (create it first)")
        if self.path.is_dir():
            raise OutputError(f"{self.name}: this is a folder (name a file in it)")
        self._direct = self.path.exists() and not stat.S_ISREG(self.path.stat().st_mode)
        if self._direct:
            return
        if self.path.exists():
            if not overwrite:
                raise OutputError(f"{self.name}: exists already (--overwrite replaces it)")
            if any(Path(path).exists() and self.path.samefile(path) for path in inputs):
                raise OutputError(f"{self.name}: is also an input (choose another name)")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise OutputError(f"{self.name}: no permission to write in {str(folder)!r}")

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """The stream to write to; leaving without an exception puts the file in place.

        Raises
        ------
        OutputError
            When writing fails, for example on a full disk.
        BrokenPipeError
            When the reader of standard output has gone.
        """
        if self.is_stdout:
            sys.stdout.flush()
            with self._stream(sys.stdout.fileno(), closefd=False) as stream:
                yield stream
        elif self._direct:
            with self._stream(self.path) as stream:
                yield stream
        else:
            part = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")
            try:
                with self._stream(part) as stream:
                    yield stream
                part.replace(self.path)
            finally:
                part.unlink(missing_ok=True)

    @contextmanager
    def _stream(self, file: Path | int, *, closefd: bool = True) -> Iterator[BinaryIO]:
        raw = _CheckedFile(file, self.name, closefd=closefd)
        stream = cast(BinaryIO, io.BufferedWriter(raw, 1 << 20))
        packed = _gzip(stream) if self.path.suffix == ".gz" else None
        try:
            yield packed or stream
            if packed:
                packed.close()
            stream.flush()
        finally:
            # After a failure the buffer still holds what could not be written.
            with suppress(OutputError, BrokenPipeError):
                raw.give_up()
                stream.close()


def _gzip(stream: BinaryIO) -> BinaryIO:
    """Level 1: digits hardly shrink further. No name and no time, so that equal is equal."""
    return cast(BinaryIO, gzip.GzipFile("", mode="wb", compresslevel=1, fileobj=stream, mtime=0))


class _CheckedFile(io.FileIO):
    """A file whose write errors are worded for the user."""

    def __init__(self, file: Path | int, name: str, *, closefd: bool) -> None:
        self._name = name
        self._given_up = False
        try:
            super().__init__(file, "wb", closefd=closefd)
        except OSError as error:
            raise self._worded(error) from error

    def write(self, data: ReadableBuffer) -> Any:
        if self._given_up:
            return len(memoryview(data))
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise self._worded(error) from error

    def give_up(self) -> None:
        """Swallow whatever is still to come."""
        self._given_up = True

    def _worded(self, error: OSError) -> OutputError:
        name = "standard output" if self._name == STDOUT else self._name
        return OutputError(f"{name}: could not be written: {error.strerror}; no output is kept")
