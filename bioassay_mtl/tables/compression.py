"""Compressed files, told by their first bytes."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable
from io import BufferedReader
from typing import NamedTuple

Read = Callable[[int], bytes]

MAX_UNPACKED = 16 * 1024**3
"""Bytes that a packed file may become where it is unpacked as a whole."""
MAX_RATIO = 200
"""Times as large as it may become, beyond `FREELY` bytes; tables become 5 to 50 times so."""
FREELY = 128 * 1024**2
"""Bytes that any packed file may become."""


def most_unpacked(packed: int | None) -> int:
    """Bytes that so many packed ones may become: more are a bomb, or by mistake.

    Examples
    --------
    >>> most_unpacked(1_000_000) // 1_000_000, most_unpacked(None) == MAX_UNPACKED
    (200, True)
    """
    if packed is None:
        return MAX_UNPACKED
    return min(MAX_UNPACKED, max(FREELY, MAX_RATIO * packed))


class Compression(NamedTuple):
    """One way to compress: its name, how its data begin, the suffix, and how they are read."""

    name: str
    magic: bytes
    suffix: str
    open: Callable[[BufferedReader], Read]


def _open_zstd(raw: BufferedReader) -> Read:
    import pyarrow as pa

    stream = pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd")
    read: Read = stream.read
    return read


def _open_xz(raw: BufferedReader) -> Read:
    return lzma.LZMAFile(raw).read


COMPRESSIONS = (
    Compression("gzip", b"\x1f\x8b", "gz", lambda raw: gzip.GzipFile(fileobj=raw, mode="rb").read),
    Compression("bzip2", b"BZh", "bz2", lambda raw: bz2.BZ2File(raw).read),
    Compression("xz", b"\xfd7zXZ", "xz", _open_xz),
    Compression("zstd", b"\x28\xb5\x2f\xfd", "zst", _open_zstd),
)
SUFFIXES = {each.suffix: each for each in COMPRESSIONS}

DAMAGED = (zlib.error, gzip.BadGzipFile, lzma.LZMAError, EOFError, OSError)
"""Errors of reading damaged or cut data; an OSError may be one of the disk, too."""


def compression_of(head: bytes) -> Compression | None:
    """Compression of data that begin so, if there is any."""
    return next((each for each in COMPRESSIONS if head.startswith(each.magic)), None)


def without_suffix(name: str) -> str:
    """A file's name without the suffix of its compression."""
    stem, dot, suffix = name.rpartition(".")
    return stem if dot and suffix.lower() in SUFFIXES else name
