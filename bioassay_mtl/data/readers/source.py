"""Where bytes come from: a file or standard input, plain or gzip, as lines of checked text."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from itertools import chain, islice
from pathlib import Path
from typing import cast

from bioassay_mtl.errors import InputError

STDIN = "-"

MAX_RECORD = 64 * 1024 * 1024
"""Bytes of one line or one record; more is an error, so that no file can fill the memory."""

_CHUNK = 1024 * 1024
_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"

# First bytes of files that are not text, and what to say about them.
FOREIGN = {
    b"\xff\xfe": ("UTF-16 text", "save it as UTF-8"),
    b"\xfe\xff": ("UTF-16 text", "save it as UTF-8"),
    b"PK\x03\x04": ("a zip archive or an Excel workbook", "unpack it, or save it as CSV"),
    b"\xd0\xcf\x11\xe0": ("an Excel workbook", "save it as CSV"),
    b"PAR1": ("a Parquet file", "name it .parquet"),
    b"BZh": ("bzip2 data", "unpack it, or compress it with gzip"),
    b"\xfd7zXZ": ("xz data", "unpack it, or compress it with gzip"),
    b"\x28\xb5\x2f\xfd": ("zstd data", "unpack it, or compress it with gzip"),
}


@dataclass
class ReadProgress:
    """How far the reading is, in bytes as they lie on the disk.

    Parameters
    ----------
    done
        Bytes read so far.
    total
        Size of the file, or None where it is not known (standard input, a pipe).
    """

    done: int = 0
    total: int | None = None


class Source:
    """An open input.

    Parameters
    ----------
    path
        File, or ``-`` for standard input.
    progress
        Kept up to date while reading.

    Raises
    ------
    InputError
        Where the file is missing, a folder, not readable, empty, or not text (while reading).
    """

    def __init__(self, path: str | Path, progress: ReadProgress | None = None) -> None:
        self.path = path
        self.is_stdin = str(path) == STDIN
        self.name = "standard input" if self.is_stdin else str(path)
        self.progress = progress or ReadProgress()
        self._raw = self._open()
        self._lines: Iterator[str] = chain.from_iterable(
            io.StringIO(text, newline="") for text in self._texts()
        )

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        if not self.is_stdin:
            self._raw.close()

    def fault(self, message: str, line: int | None = None, hint: str | None = None) -> InputError:
        """An error at some place of this input."""
        return InputError(message, file=self.name, line=line, hint=hint)

    def lines(self) -> Iterator[str]:
        """Lines with their ends, decoded from UTF-8 (with or without byte-order mark).

        A line ends at ``\\n``, ``\\r\\n`` or ``\\r``, and at nothing else that Unicode knows.
        """
        return self._lines

    def head(self, n: int) -> list[str]:
        """The first n lines (or all, if fewer); :meth:`lines` still begins with them."""
        head = list(islice(self._lines, n))
        self._lines = chain(head, self._lines)
        return head

    def _open(self) -> BufferedReader:
        if self.is_stdin:
            return cast(BufferedReader, sys.stdin.buffer)
        path = Path(self.path)
        try:
            raw = path.open("rb")
        except FileNotFoundError:
            raise self.fault("no such file") from None
        except IsADirectoryError:
            raise self.fault("this is a folder, not a file") from None
        except OSError as error:
            raise self.fault(f"cannot be read: {error.strerror or error}") from None
        if path.is_file():
            self.progress.total = path.stat().st_size
        return raw

    def _texts(self) -> Iterator[str]:
        """Whole lines of text, about a megabyte at a time."""
        line, head = 1, b""
        for block in self._blocks():
            if not head:
                block = block.removeprefix(_BOM)
                head = block[:8]
            try:
                if (nul := block.find(b"\0")) >= 0:
                    raise UnicodeDecodeError("utf-8", block, nul, nul + 1, "NUL")
                yield block.decode("utf-8")
            except UnicodeDecodeError as error:
                line += block.count(b"\n", 0, error.start)
                raise self._not_text(head, block[error.start], line) from None
            line += block.count(b"\n")
        if not head:
            raise self.fault("the file is empty", hint="at least one record is expected")

    def _blocks(self) -> Iterator[bytes]:
        """Bytes cut after the last line end."""
        rest: list[bytes] = []
        length = 0
        for chunk in self._chunks():
            end = chunk.rfind(b"\n") + 1
            if end:
                yield b"".join([*rest, chunk[:end]])
                rest, length = [], 0
            rest.append(chunk[end:])
            length += len(chunk) - end
            if length > MAX_RECORD:
                raise self.fault(f"a line of more than {MAX_RECORD:,} bytes")
        if length:
            yield b"".join(rest)

    def _chunks(self) -> Iterator[bytes]:
        read = self._raw.read1  # what a slow pipe has now, not a whole chunk later
        try:
            if self._raw.peek(2)[:2] == _GZIP:
                read = gzip.GzipFile(fileobj=self._raw, mode="rb").read
            elif self.name.lower().endswith(".gz"):
                raise self.fault("the name ends in .gz, but the content is not gzip data")
            while chunk := read(_CHUNK):
                known = self.progress.total is not None
                self.progress.done = self._raw.tell() if known else self.progress.done + len(chunk)
                yield chunk
        except EOFError:
            raise self.fault("the gzip data end too early", hint="a truncated file?") from None
        except (zlib.error, gzip.BadGzipFile) as error:
            raise self.fault(f"the gzip data are damaged: {error}") from None
        except OSError as error:
            raise self.fault(f"cannot be read: {error.strerror or error}") from None

    def _not_text(self, head: bytes, byte: int, line: int) -> InputError:
        for magic, (what, hint) in FOREIGN.items():
            if head.startswith(magic):
                return self.fault(f"this is {what}, not UTF-8 text", 1, hint)
        if byte == 0:
            return self.fault("a NUL byte: this is a binary file, not text", line)
        return self.fault(f"byte 0x{byte:02x} is not UTF-8", line, "save the file as UTF-8")
