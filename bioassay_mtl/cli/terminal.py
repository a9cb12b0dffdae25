"""Words to people, and the standard streams that they are written on."""

from __future__ import annotations

import io
import logging
import os
import sys
from typing import TYPE_CHECKING

import typer

from bioassay_mtl.visible import visible

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


def say(text: object, *, err: bool = True) -> None:
    """Print a line, with nothing in it that a terminal obeys."""
    typer.echo(visible(str(text), lines=True), err=err)


class SpokenLog(logging.Handler):
    """Says what the package logs."""

    def emit(self, record: logging.LogRecord) -> None:
        say(self.format(record))


def mend_streams() -> None:
    """Set up the standard streams so that no message can fail a verb.

    A standard stream that is closed drops what is written to it, and so does standard error whose
    reader has gone; files are written whole all the same. What a stream's encoding cannot express
    is written out, as ``\\u2192``.
    """
    for number in range(3):
        if not _is_open(number):
            # The next file to be opened would get the number of the stream, and what is said would
            # go into it. This one refuses: results that are to go to a closed stream are a fault.
            os.open(os.devnull, os.O_RDONLY if number else os.O_WRONLY)
    sys.stdin = sys.stdin or os.fdopen(0, closefd=False)
    sys.stdout = sys.stdout or _dropped(1)
    sys.stderr = sys.stderr or _dropped(2)
    if isinstance(sys.stderr, io.TextIOWrapper) and not sys.stderr.isatty():
        sys.stderr = io.TextIOWrapper(
            io.BufferedWriter(_Unheard(2, "w", closefd=False)),
            encoding=sys.stderr.encoding,
            line_buffering=True,
        )
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _dropped(number: int) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BufferedWriter(_Dropped(number)), encoding="utf-8")


class _Unheard(io.FileIO):
    """A stream that keeps nothing once it cannot be written to, such as a pipe to ``head``."""

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except OSError:
            return len(memoryview(data))


class _Dropped(io.RawIOBase):
    """A stream that takes everything and keeps nothing."""

    def __init__(self, number: int) -> None:
        self._number = number

    def fileno(self) -> int:
        return self._number

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer, /) -> int:
        return len(memoryview(data))
