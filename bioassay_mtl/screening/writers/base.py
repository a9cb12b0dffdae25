"""Base of every output format, and the choice of one by a file's name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from bioassay_mtl.errors import OutputError
from bioassay_mtl.registry import Registry
from bioassay_mtl.screening.batch import ScreenedBatch
from bioassay_mtl.screening.beside import BesideColumn, check_names
from bioassay_mtl.tables.formulas import FormulaGuard


@dataclass(frozen=True)
class Layout:
    """Layout of columns.

    Parameters
    ----------
    assays
        Names of the assays written, in order.
    long
        Columns ``assay, probability`` (``prediction`` where some are values) and a row for each,
        instead of a column for each assay. A record that is not ok then has one row with an empty
        assay.
    with_file
        Whether a ``file`` column follows ``row``.
    values
        Names of columns that are values, and no probabilities.
    guard
        Looks at text in formats that spreadsheets open.
    lowest
        Names of columns of which the lowest values are the best.
    beside
        Columns beside predictions: those of molecules follow ``in_training``, those of assays the
        predictions (in a long table, the assay's).

    Raises
    ------
    ConfigError
        Two columns would have one name.
    """

    assays: tuple[str, ...]
    long: bool = False
    with_file: bool = False
    values: frozenset[str] = frozenset()
    guard: FormulaGuard = field(default_factory=FormulaGuard, compare=False)
    beside: tuple[BesideColumn, ...] = ()
    lowest: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.beside:
            check_names(self.columns)

    @property
    def of_molecules(self) -> list[BesideColumn]:
        """Columns beside predictions that molecules have."""
        return [column for column in self.beside if not column.of_assays]

    @property
    def of_assays(self) -> list[BesideColumn]:
        """Columns that each assay has."""
        return [column for column in self.beside if column.of_assays]

    @property
    def is_value(self) -> list[bool]:
        """Whether each of the assays is one of values."""
        return [assay in self.values for assay in self.assays]

    @property
    def predicted(self) -> str:
        """Name of the column of predictions in a long table."""
        return "prediction" if any(self.is_value) else "probability"

    @property
    def beside_names(self) -> dict[str, BesideColumn]:
        """Columns beside predictions, by the names that they have in the table."""
        found = {column.name: column for column in self.of_molecules}
        if self.long:
            return found | {column.name: column for column in self.of_assays}
        every = ((assay, column) for assay in self.assays for column in self.of_assays)
        return found | {f"{assay}:{column.name}": column for assay, column in every}

    @property
    def leading(self) -> list[str]:
        """Columns before the probabilities."""
        own = ["row", *(["file"] if self.with_file else []), "id", "smiles", "status", KNOWN]
        return [*own, *(column.name for column in self.of_molecules)]

    @property
    def columns(self) -> list[str]:
        """All columns, in order."""
        predicted = ("assay", self.predicted) if self.long else self.assays
        beside = list(self.beside_names)[len(self.of_molecules) :]
        return [*self.leading, *predicted, *beside]


Columns = Mapping[str, Sequence[Any]]
"""Rows of a table, by column."""


class Writer(Protocol):
    """Writes predictions in one format; nothing is complete before ``close``."""

    def write(self, batch: ScreenedBatch) -> None:
        """The next records, in the layout's columns."""
        ...

    def close(self) -> None:
        """Write what is still held; the stream stays open."""
        ...


@dataclass(frozen=True)
class Format:
    """One output format.

    Parameters
    ----------
    suffix
        End of a file name that asks for it.
    open
        Makes the writer of predictions.
    write_table
        Writes a table of columns, of which some rows come at a time: plain values, None where there
        is nothing.
    is_text
        Whether it can go to a terminal or a pipe, or be gzipped.
    for_spreadsheets
        Whether spreadsheets open it, and run what looks like a formula.
    """

    suffix: str
    open: Callable[[BinaryIO, Layout], Writer]
    write_table: Callable[[BinaryIO, Sequence[BesideColumn], Iterable[Columns]], None]
    is_text: bool = True
    for_spreadsheets: bool = False


KNOWN = "in_training"
"""Column that says whether the model was trained on a molecule: true, false, or nothing."""

formats: Registry[Format] = Registry("output format")
_OTHERS = (".json", ".pq", ".xls", ".mol")  # suffixes of formats that are none of these


def choose_format(name: str | None, path: str | Path) -> Format:
    """The named format, or the one that the file name asks for; CSV when it says nothing.

    Raises
    ------
    ConfigError
        The format is unknown.
    OutputError
        A name promises a format which cannot be written, or a binary format is asked for on
        standard output or with ``.gz``.
    """
    text = str(path)
    stem = text.removesuffix(".gz")
    if name is None:
        if stem.lower().endswith(_OTHERS):
            known = ", ".join(f.suffix for f in formats.values())
            raise OutputError(f"{text}: no format that is written (known: {known})")
        name = next((n for n, f in formats.items() if stem.endswith(f.suffix)), "csv")
    chosen = formats[name]
    if not chosen.is_text and (text == "-" or stem != text):
        where = "standard output" if text == "-" else "a .gz file"
        raise OutputError(f"{name} cannot go to {where} (name a file with -o, as x{chosen.suffix})")
    return chosen
