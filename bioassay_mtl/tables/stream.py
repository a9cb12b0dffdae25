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
from bioassay_mtl.tables.odd_bytes import escaped

STDIN = "-"

MAX_RECORD = 4 * 1024 * 1024
"""Bytes of one line, with its end, or one record; a longer one is read past, not held."""

_CHUNK = 1024 * 1024
_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"

# What binary files are full of; text has none but for accidents.
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a\x1b"))
_MOST_CONTROLS = 0.05
_FEWEST_CONTROLS = 8
_MOST_NULS = 0.3  # in UTF-16, every second byte of Latin letters is one

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


class Piece(str):
    """A part of a line that is longer than a record may be; the last part has the line's end."""

    __slots__ = ()

    @property
    def is_last(self) -> bool:
        """Whether the line ends here."""
        return self.endswith("\n") or self.endswith("\r")


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

    Attributes
    ----------
    has_odd_bytes
        Whether bytes were read that are not UTF-8.
    n_odd_records
        Records that have some.
    """

    def __init__(self, path: str | Path, progress: ReadProgress | None = None) -> None:
        self.path = path
        self.is_stdin = str(path) == STDIN
        self.name = "standard input" if self.is_stdin else str(path)
        self.progress = progress or ReadProgress()
        self.has_odd_bytes = False
        self.n_odd_records = 0
        self._raw = self._open()
        self._lines: Iterator[str] = chain.from_iterable(
            (text,) if isinstance(text, Piece) else io.StringIO(text, newline="")
            for text in self._texts()
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

        A line ends at ``\\n``, ``\\r\\n`` or ``\\r``, and at nothing else that Unicode knows. One
        of more than `MAX_RECORD` bytes comes as several :class:`Piece`. Bytes that are not UTF-8
        stand as :mod:`bioassay_mtl.tables.odd_bytes` has them.
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
        """Whole lines of text, about a megabyte at a time, and pieces of longer lines."""
        is_first = True
        for block, is_piece in self._blocks():
            if is_first:
                is_first = False
                block = block.removeprefix(_BOM)
                self._check_text(block)
                if not block:
                    is_first = True
                    continue
            if is_piece:
                yield Piece(block.decode("utf-8", "replace"))
                continue
            try:
                text = block.decode("utf-8")
                is_odd = "\0" in text
            except UnicodeDecodeError:
                is_odd = True
            if is_odd:
                self.has_odd_bytes = True
                text = escaped(block)
            yield text
        if is_first:
            raise self.fault("the file is empty", hint="at least one record is expected")

    def _blocks(self) -> Iterator[tuple[bytes, bool]]:
        """Bytes cut after line ends, and whether they are a piece of a line that is too long."""
        rest: list[bytes] = []
        length, carry, is_long = 0, b"", False
        for read in self._chunks():
            chunk = carry + read
            carry = b"\r" if chunk.endswith(b"\r") else b""  # whose "\n" may be still to come
            chunk = chunk.removesuffix(b"\r")
            if is_long:
                end = _first_end(chunk)
                yield chunk[: end or None], True
                if not end:
                    continue
                chunk, is_long = chunk[end:], False
            elif MAX_RECORD - length < (end := _first_end(chunk)):
                yield b"".join([*rest, chunk[:end]]), True  # it ends here, and is too long
                rest, length, chunk = [], 0, chunk[end:]
            end = max(chunk.rfind(b"\n"), chunk.rfind(b"\r")) + 1
            if end:
                yield b"".join([*rest, chunk[:end]]), False
                rest, length = [], 0
            rest.append(chunk[end:])
            length += len(chunk) - end
            if length > MAX_RECORD:
                yield b"".join(rest), True
                rest, length, is_long = [], 0, True
        if is_long:
            yield carry or b"\n", True
        elif length or carry:
            yield b"".join([*rest, carry]), length + len(carry) > MAX_RECORD

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

    def _check_text(self, block: bytes) -> None:
        """Refuse what is no text at all, by how it begins."""
        for magic, (what, hint) in FOREIGN.items():
            if block.startswith(magic):
                raise self.fault(f"this is {what}, not UTF-8 text", 1, hint)
        head = block[:65_536]
        controls = len(head) - len(head.translate(None, _CONTROLS))
        # Names may hold control characters: what has no NUL among them is text all the same.
        if 0 in head and controls > max(_FEWEST_CONTROLS, _MOST_CONTROLS * len(head)):
            if head.count(0) > _MOST_NULS * len(head):
                raise self.fault("this looks like UTF-16 text", 1, "save it as UTF-8")
            raise self.fault("a NUL byte or the like: this is a binary file, not text", 1)


def _first_end(chunk: bytes) -> int:
    """Position after the first line end; 0 where there is none."""
    ends = [at for at in (chunk.find(b"\n"), chunk.find(b"\r")) if at >= 0]
    if not ends:
        return 0
    return min(ends) + (2 if chunk[min(ends) :].startswith(b"\r\n") else 1)
