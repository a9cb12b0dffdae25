"""Names of settings in messages: as a keyword of Python, or as whoever asks in another way has it.

A message names a setting by its name in Python: ``setting("smiles_column")``. The command line
has other words (``--smiles-column``), which it puts in force for as long as it runs a verb.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Wording(Protocol):
    """Wording of settings."""

    def __call__(self, name: str, value: str, key: str) -> str:
        """Words for a setting, and for what to give it (both may be empty)."""


def _in_python(name: str, value: str, key: str) -> str:
    if key:
        return f"{name}={{{key!r}: {value!r}}}"
    return f"{name}={value}" if value else name


_wording: Wording = _in_python


def setting(name: str, value: str = "", *, key: str = "") -> str:
    """A setting in the words of whoever reads the message.

    Parameters
    ----------
    name
        Name in Python, of a keyword or of a field of settings.
    value
        Value to give it, as in ``min_rows=10``.
    key
        Entry that the value is for, in a setting that is a mapping.

    Examples
    --------
    >>> setting("smiles_column"), setting("tasks", "censored", key="IC50")
    ('smiles_column', "tasks={'IC50': 'censored'}")
    """
    return _wording(name, value, key)


@contextmanager
def worded(wording: Wording) -> Iterator[None]:
    """Name settings in other words while the block runs, in all threads."""
    global _wording
    before, _wording = _wording, wording
    try:
        yield
    finally:
        _wording = before
