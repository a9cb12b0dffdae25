"""Outputs: a file that appears whole or not at all, or standard output."""

from __future__ import annotations

import gzip
import io
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from bioassay_mtl.errors import OutputError
from bioassay_mtl.files import checked_stream, locked, whole_file
from bioassay_mtl.visible import visible_bytes
from bioassay_mtl.wording import setting

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

STDOUT = "-"
_STDOUT_NAMES = (STDOUT, "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")


class Output:
    """Output of a screen: a file, or standard output.

    A file is written under a temporary name beside its final one, and renamed when it is whole;
    after any failure neither remains (see :mod:`bioassay_mtl.files`). Nobody else may write it
    meanwhile. Devices and named pipes are written to directly.

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
        When it is clear beforehand that the file could not be written, as when another process is
        writing it.
    """

    def __init__(
        self, path: str | Path, *, overwrite: bool = False, inputs: Iterable[str | Path] = ()
    ) -> None:
        self.name = str(path)
        self.is_stdout = self.name in _STDOUT_NAMES
        self.path = Path(path)
        self._overwrite = overwrite
        self._is_reserved = False
        if not self.is_stdout:
            self._check(inputs)

    @property
    def folder(self) -> Path | None:
        """The folder that a file comes to be in, with room for it; None for a stream or device."""
        return None if self.is_stdout or self._direct else self._real.parent

    @property
    def _real(self) -> Path:
        return Path(os.path.realpath(self.path)) if self.path.is_symlink() else self.path

    def _check(self, inputs: Iterable[str | Path]) -> None:
        folder = self._real.parent
        if not folder.is_dir():
            raise OutputError(f"{self.name}: there is no folder {str(folder)!r} (create it first)")
        if self.path.is_dir():
            raise OutputError(f"{self.name}: this is a folder (name a file in it)")
        self._direct = self.path.exists() and not stat.S_ISREG(self.path.stat().st_mode)
        if self._direct:
            return
        self._check_free()
        if self.path.exists() and any(
            Path(path).exists() and self.path.samefile(path) for path in inputs
        ):
            raise OutputError(f"{self.name}: is also an input (choose another name)")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise OutputError(f"{self.name}: no permission to write in {str(folder)!r}")
        with locked(self.path):
            pass

    def _check_free(self) -> None:
        if self.path.exists() and not self._overwrite:
            raise OutputError(f"{self.name}: exists already ({setting('overwrite')} replaces it)")

    @contextmanager
    def reserved(self) -> Iterator[None]:
        """Let nobody else write the file until the block ends; inside, :meth:`opened` can be used.

        For what computes long before it writes; :meth:`opened` alone reserves for as long as it
        writes.

        Raises
        ------
        OutputError
            Another process, or another part of this one, is writing it, or has written it.
        """
        if self.is_stdout or self._direct or self._is_reserved:
            yield
            return
        with locked(self.path):
            self._check_free()
            self._is_reserved = True
            try:
                yield
            finally:
                self._is_reserved = False

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """The stream to write to; leaving without an exception puts the file in place.

        Raises
        ------
        OutputError
            When writing fails, for example on a full disk, or as :meth:`reserved`.
        BrokenPipeError
            When the reader of standard output has gone.
        """
        with ExitStack() as stack:
            if self.is_stdout:
                stream = stack.enter_context(_standard_output())
            elif self._direct:
                stream = stack.enter_context(checked_stream(self.path, self.name))
            else:
                stack.enter_context(self.reserved())
                stream = stack.enter_context(whole_file(self.path, overwrite=self._overwrite))
            if self.path.suffix == ".gz":
                stream = stack.enter_context(_gzip(stream))
            yield stream


@contextmanager
def reserved(*outputs: Output | None) -> Iterator[None]:
    """Reserve several outputs, as :meth:`Output.reserved`; None is none."""
    with ExitStack() as stack:
        for output in filter(None, outputs):
            stack.enter_context(output.reserved())
        yield


@contextmanager
def opened(*outputs: Output | None) -> Iterator[list[BinaryIO | None]]:
    """Streams to several outputs: all files appear together, or none does where one cannot."""
    with ExitStack() as stack:
        yield [stack.enter_context(each.opened()) if each else None for each in outputs]


@contextmanager
def _standard_output() -> Iterator[BinaryIO]:
    if sys.stdout is None:
        raise OutputError("standard output is closed (name a file to write)")
    sys.stdout.flush()
    with checked_stream(sys.stdout.fileno(), "standard output", closefd=False) as stream:
        yield cast(BinaryIO, _ForTerminal(stream)) if sys.stdout.isatty() else stream


class _ForTerminal(io.BufferedIOBase):
    """Shows text on a terminal, and lets it obey nothing in there.

    Parameters
    ----------
    stream
        Takes whole lines of UTF-8.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def writable(self) -> bool:
        return True

    def write(self, text: ReadableBuffer, /) -> int:
        self._stream.write(visible_bytes(bytes(text)))
        return len(memoryview(text))

    def flush(self) -> None:
        self._stream.flush()


@contextmanager
def _gzip(stream: BinaryIO) -> Iterator[BinaryIO]:
    """Level 1: digits hardly shrink further. No name and no time, so that equal is equal."""
    packed = cast(BinaryIO, gzip.GzipFile("", mode="wb", compresslevel=1, fileobj=stream, mtime=0))
    yield packed
    packed.close()
