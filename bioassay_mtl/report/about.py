"""Names of assays, and the model's grades in them, beside their identifiers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bioassay_mtl.report.table import Column

if TYPE_CHECKING:
    from bioassay_mtl.models.assay_sheet import Assay

GRADE = "Of the model on rows held out when it was made: usable, weak or do not use"


def about_columns(assays: Sequence[Assay]) -> list[Column]:
    """Columns of names and grades, as far as any are known."""
    grades = [assay.grade or "" for assay in assays]
    columns = name_columns(assays)
    if any(grades):
        columns.append(Column("Grade", grades, is_text=True, about=GRADE))
    return columns


def name_columns(assays: Sequence[Assay]) -> list[Column]:
    """A column of names, if any is known."""
    names = [assay.about for assay in assays]
    return [Column("Name", names, is_text=True)] if any(names) else []
