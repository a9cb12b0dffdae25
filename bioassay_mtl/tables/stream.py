"""Sources of bytes: a file or standard input, maybe compressed, as lines of checked text."""

from __future__ import annotations

import codecs
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BufferedReader
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, cast

from bioassay_mtl import remote
from bioassay_mtl.errors import InputError
from bioassay_mtl.tables.compression import (
    DAMAGED,
    SUFFIXES,
    Compression,
    compression_of,
    most_unpacked,
)
from bioassay_mtl.tables.encodings import WIDE, as_utf8, wide_encoding
from bioassay_mtl.tables.odd_bytes import escaped
from bioassay_mtl.tables.portion import Portion, PortionBytes
from bioassay_mtl.wording import setting

STDIN = "-"

MAX_RECORD = 4 * 1024 * 1024
"""Bytes of one line, with its end, or one record; a longer one is read past, not held."""

_CHUNK = 1024 * 1024
_BOM = b"\xef\xbb\xbf"

# What binary files are full of; text has none but for accidents.
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a\x1b"))
_MOST_CONTROLS = 0.05
_FEWEST_CONTROLS = 8
_HEAD = 65_536
_FEWEST_BYTES = 16

# First bytes of files that are not text, and what to say about them.
FOREIGN = {
    b"PK\x03\x04": (
        "a zip archive or an Excel workbook",
        "unpack it, name it .xlsx, or save it as CSV",
    ),
    b"\xd0\xcf\x11\xe0": ("an old Excel workbook", "save it as .xlsx or CSV"),
    b"PAR1": ("a Parquet file", "name it .parquet"),
}


@dataclass
class ReadProgress:
    """Progress of the reading, in bytes as they lie on the disk.

    Parameters
    ----------
    done
        Bytes read so far.
    total
        Size of the file, or None where it is not known (standard input, a pipe).
    """

    done: int = 0
    total: int | None = None


@dataclass(frozen=True)
class Held:
    """A file that is held in memory, such as one that was sent here.

    Parameters
    ----------
    name
        Name, of which the suffix tells the format.
    content
        Content of the file.
    """

    name: str
    content: bytes = field(repr=False)

    def __str__(self) -> str:
        return self.name


Readable = str | Path | Held | Portion


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
        File, or ``-`` for standard input; one that is held in memory, or some records of one.
    progress
        Progress, kept up to date while reading.
    encoding
        Encoding of the text; found out where None.

    Raises
    ------
    InputError
        If the file is missing, a folder, not readable, empty, or not text (while reading).

    Attributes
    ----------
    has_odd_bytes
        Whether bytes were read that are not UTF-8.
    n_odd_records
        Records that have some.
    opening
        The first characters, once a line was read.
    elsewhere
        Further places in the file to look for what is not found; mostly empty.
    """

    def __init__(
        self,
        path: Readable,
        progress: ReadProgress | None = None,
        encoding: str | None = None,
    ) -> None:
        self.path = path
        self.is_stdin = str(path) == STDIN and not isinstance(path, Held)
        self.name = "standard input" if self.is_stdin else str(path)
        self.progress = progress or ReadProgress()
        self.has_odd_bytes = False
        self.n_odd_records = 0
        self.opening = ""
        self.elsewhere = ""
        self.encoding = encoding
        self._unpacked: IO[bytes] | None = None
        self._raw = self._open()
        self._lines: Iterator[str] = chain.from_iterable(
            (text,) if isinstance(text, Piece) else io.StringIO(text, newline="")
            for text in self._texts()
        )

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        # The lines hold their source: without them it and its text are freed at once.
        self._lines = iter(())
        if self._unpacked is not None:
            self._unpacked.close()
        if not self.is_stdin:
            self._raw.close()

    def fault(self, message: str, line: int | None = None, hint: str | None = None) -> InputError:
        """An error at some place of this input."""
        return InputError(message, file=self.name, line=line, hint=hint)

    @property
    def is_pipe(self) -> bool:
        """Whether the bytes come once, and cannot be read :meth:`again`."""
        return self.is_stdin or not self._raw.seekable()

    def held(self) -> Held:
        """All bytes, in memory.

        Raises
        ------
        InputError
            They cannot be read.
        """
        try:
            return Held(self.name, self._raw.read())
        except OSError as error:
            raise self.fault(f"cannot be read: {_reason(error)}") from None

    def again(self) -> Source:
        """The same file from its beginning."""
        return Source(self.path, encoding=self.encoding)

    def whole(self) -> IO[bytes]:
        """The file's bytes as they can be read at any place, unpacked on the disk if need be.

        Raises
        ------
        InputError
            If it unpacks to more than :func:`~bioassay_mtl.tables.compression.most_unpacked`.
        """
        if self._compression() is None:
            return self._raw
        file = self._unpacked = TemporaryFile()  # noqa: SIM115 (closed with the source)
        most = most_unpacked(self.progress.total)
        for chunk in self._chunks():
            if file.tell() + len(chunk) > most:
                raise self.fault(
                    f"unpacks to more than {most >> 20:,} MB, which is too much for a file of its "
                    "size",
                    hint="if it is no mistake, unpack it yourself",
                )
            self._write(file, chunk)
        file.seek(0)
        return file

    def _write(self, file: IO[bytes], chunk: bytes) -> None:
        try:
            file.write(chunk)
        except OSError as error:
            raise self.fault(f"cannot be unpacked on the disk: {_reason(error)}") from None

    def utf8(self) -> Iterator[bytes]:
        """Chunks of text as UTF-8, with what bytes the file has in place of any.

        Raises
        ------
        InputError
            The encoding asked for does not have a byte.
        """
        chunks = self._chunks()
        head = b""
        while len(head) < _FEWEST_BYTES and b"\n" not in head and (chunk := next(chunks, b"")):
            head += chunk
        chunks = chain([head] if head else [], chunks)
        encoding = self._ordered(head) if self.encoding else wide_encoding(head)
        if encoding is not None:
            chunks = as_utf8(chunks, encoding, "strict" if self.encoding else "replace")
        try:
            yield from chunks
        except UnicodeDecodeError as error:
            byte = error.object[error.start]
            raise self.fault(f"byte 0x{byte:02x} is none of {self.encoding}") from None

    def _ordered(self, head: bytes) -> str | None:
        """The encoding asked for, with the order of its bytes where it does not say.

        Raises
        ------
        InputError
            If the file does not say, either.
        """
        if self.encoding is None or (plain := codecs.lookup(self.encoding).name) not in WIDE:
            return self.encoding
        found = wide_encoding(head)
        if found is None or not found.startswith(plain):
            raise self.fault(
                f"no mark of {plain} at the start, and its bytes do not look like {plain}",
                hint=f"{setting('encoding', f'{plain}-le')} or {plain}-be says their order",
            )
        return found

    def lines(self) -> Iterator[str]:
        """Lines with their ends, decoded from UTF-8 or UTF-16 (with or without byte-order mark).

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
        if isinstance(self.path, Held):
            self.progress.total = len(self.path.content)
            return BufferedReader(cast(io.RawIOBase, io.BytesIO(self.path.content)))
        path = str(self.path)
        try:
            raw = remote.opened(path)
        except FileNotFoundError:
            raise self.fault("no such file") from None
        except IsADirectoryError:
            raise self.fault("this is a folder, not a file") from None
        except OSError as error:
            raise self.fault(f"cannot be read: {error.strerror or error}") from None
        if isinstance(self.path, Portion) and self.path.unit == "bytes":
            return BufferedReader(PortionBytes(raw.detach(), self.path))
        if (told := remote.facts(path)) is not None:
            self.progress.total = told.bytes
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
                self.opening = block[:_HEAD].decode("utf-8", "replace")
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
        for read in self.utf8():
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

    def _compression(self) -> Compression | None:
        try:
            found = compression_of(self._raw.peek(8)[:8])
        except OSError as error:
            raise self.fault(f"cannot be read: {_reason(error)}") from None
        named = SUFFIXES.get(self.name.lower().rpartition(".")[2])
        if named is not None and found is None:
            raise self.fault(
                f"the name ends in .{named.suffix}, but the content is not {named.name} data"
            )
        return found

    def _chunks(self) -> Iterator[bytes]:
        """Bytes as they were before they were compressed."""
        compression = self._compression()
        # What a slow pipe has now, not a whole chunk later.
        read = compression.open(self._raw) if compression else self._raw.read1
        try:
            while chunk := read(_CHUNK):
                known = self.progress.total is not None
                self.progress.done = self._raw.tell() if known else self.progress.done + len(chunk)
                yield chunk
        except DAMAGED as error:
            if compression is None:
                raise self.fault(f"cannot be read: {_reason(error)}") from None
            if isinstance(error, EOFError) or "runcated" in str(error):
                raise self.fault(
                    f"the {compression.name} data end too early", hint="a truncated file?"
                ) from None
            raise self.fault(f"the {compression.name} data are damaged: {error}") from None

    def _check_text(self, block: bytes) -> None:
        """Refuse what is no text at all, by how it begins."""
        for magic, (what, hint) in FOREIGN.items():
            if block.startswith(magic):
                raise self.fault(f"this is {what}, not text", 1, hint)
        head = block[:_HEAD]
        controls = len(head) - len(head.translate(None, _CONTROLS))
        # Names may hold control characters: what has no NUL among them is text all the same.
        if 0 in head and controls > max(_FEWEST_CONTROLS, _MOST_CONTROLS * len(head)):
            raise self.fault("a NUL byte or the like: this is a binary file, not text", 1)


def _reason(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or error)


def _first_end(chunk: bytes) -> int:
    """Position after the first line end; 0 where there is none."""
    ends = [at for at in (chunk.find(b"\n"), chunk.find(b"\r")) if at >= 0]
    if not ends:
        return 0
    return min(ends) + (2 if chunk[min(ends) :].startswith(b"\r\n") else 1)
