"""Text that is not UTF-8 becomes UTF-8 before lines are cut: UTF-16, or what one asks for.

A file says by a mark that it is UTF-16, or shows it by the NULs of its Latin letters. Bytes of a
file without either that are not UTF-8 are those of :mod:`bioassay_mtl.tables.odd_bytes`.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator

_MARKS = {
    b"\xff\xfe\0\0": "utf-32-le",
    b"\0\0\xfe\xff": "utf-32-be",
    b"\xff\xfe": "utf-16-le",
    b"\xfe\xff": "utf-16-be",
}
_NULS = {"utf-32-le": "x000", "utf-32-be": "000x", "utf-16-le": "x0", "utf-16-be": "0x"}
WIDE = ("utf-16", "utf-32")
"""Encodings whose mark says the order of their bytes."""

_HEAD = 4096
_MOSTLY, _HARDLY = 0.6, 0.1


def wide_encoding(head: bytes) -> str | None:
    """UTF-16 or UTF-32, where the first bytes say so; None for any other text.

    Examples
    --------
    >>> wide_encoding("smiles,y".encode("utf-16-be")), wide_encoding(b"smiles,y")
    ('utf-16-be', None)
    """
    for mark, name in _MARKS.items():
        if head.startswith(mark):
            return name
    head = head[: len(head) // 4 * 4 or len(head) // 2 * 2][:_HEAD]
    return next((name for name, empty in _NULS.items() if head and _has_nuls(head, empty)), None)


def _has_nuls(head: bytes, empty: str) -> bool:
    """Whether most bytes at the places that are 0 in `empty` are NUL, and hardly any at others."""
    places = [head[at :: len(empty)] for at in range(len(empty))]
    shares = [bytes_.count(0) / (len(bytes_) or 1) for bytes_ in places]
    return all(
        share >= _MOSTLY if mark == "0" else share <= _HARDLY
        for mark, share in zip(empty, shares, strict=True)
    )


def as_utf8(chunks: Iterable[bytes], encoding: str, errors: str = "strict") -> Iterator[bytes]:
    """Chunks of UTF-8 from chunks of another encoding, whose mark, if any, stays.

    Raises
    ------
    UnicodeDecodeError
        The encoding does not have a byte, and `errors` is strict.
    """
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    for chunk in chunks:
        yield decoder.decode(chunk).encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")
