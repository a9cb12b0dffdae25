"""Decisions on the columns of a table, and why."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Role(str, Enum):
    """The part that a column plays."""

    SMILES = "SMILES"
    ID = "id"
    ASSAY = "assay"
    VALUE = "values"
    NAMES = "names of assays"
    QUALIFIER = "qualifier"
    UNIT = "unit"
    OTHER = "no assay"


class ColumnDecision(NamedTuple):
    """One column of a table.

    Parameters
    ----------
    column
        Name of the column.
    role
        Role that it is taken for.
    kind
        Name of the task type of an assay; else empty.
    reason
        Reason of the decision.
    doubtful
        Whether a column that is no assay looks as if it were one, so that a reader should look.
    """

    column: str
    role: Role
    kind: str
    reason: str
    doubtful: bool = False

    @property
    def left_out(self) -> bool:
        """Whether the column is no assay, and of no other use."""
        return self.role is Role.OTHER
