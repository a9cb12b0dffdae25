"""Status of one input record."""

from __future__ import annotations

from enum import Enum


class Status(str, Enum):
    """Outcome of one record; every input record has exactly one.

    The integer position of a member (:attr:`code`) is what arrays hold. ``timed_out`` took longer
    than one molecule may; ``failed`` asked for too much memory, or ended the process it was in;
    ``too_long`` is more text than one record may be, and was not kept.
    """

    OK = "ok"
    EMPTY = "empty"
    INVALID_SMILES = "invalid_smiles"
    INVALID_MOLBLOCK = "invalid_molblock"
    MALFORMED_ROW = "malformed_row"
    TOO_LARGE = "too_large"
    FEATURIZATION_FAILED = "featurization_failed"
    TIMED_OUT = "timed_out"
    FAILED = "failed"
    TOO_LONG = "too_long"

    def __str__(self) -> str:
        return self.value

    @property
    def code(self) -> int:
        """Position in the definition: ``0`` is ok."""
        return _CODES[self]

    @classmethod
    def from_code(cls, code: int) -> Status:
        """The member at one position."""
        return _MEMBERS[code]


_MEMBERS = tuple(Status)
_CODES = {member: code for code, member in enumerate(_MEMBERS)}
