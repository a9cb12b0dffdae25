"""Text from outside, made fit for a terminal."""

from __future__ import annotations

import re

# Controls (a terminal obeys what follows an escape), signs that turn the direction of writing,
# separators of lines, and halves of characters, which no encoding can write.
_UNSEEN = "\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff"
_EVERY, _BUT_LINES = re.compile(f"[{_UNSEEN}]"), re.compile(f"(?!\n)[{_UNSEEN}]")
_BYTES = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]")


def visible(text: str, *, lines: bool = False) -> str:
    r"""The text with each character that a terminal would obey written out, as ``\x1b``.

    Names of files, molecules, assays and columns come from anywhere, and one that holds an escape
    sequence could recolor, overwrite or retitle a terminal, or hide what stands before it.

    Parameters
    ----------
    text
        Anything.
    lines
        Keep line breaks.
    """
    return (_BUT_LINES if lines else _EVERY).sub(_written_out, text)


def visible_bytes(text: bytes) -> bytes:
    """The same of whole lines in UTF-8, whose tabs and line feeds stay."""
    return _BYTES.sub(lambda found: _written_out_bytes(found[0]), text)


def _written_out(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def _written_out_bytes(found: bytes) -> bytes:
    return found.decode().encode("unicode_escape")
