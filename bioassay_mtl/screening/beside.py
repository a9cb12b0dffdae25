"""Columns that stand beside predictions: what they are called, and what their cells are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.errors import ConfigError

CellKind = Literal["decimals", "number", "count", "flag", "text"]

MOST_CHARACTERS = 10_000
"""Most characters of a text that is kept to be shown: as many as of a molecule to draw."""

Beside = Mapping[str, NDArray[Any]]
"""Cells of n records by the name of their column, see :class:`BesideColumn`."""


@dataclass(frozen=True)
class BesideColumn:
    """One column beside predictions.

    Parameters
    ----------
    name
        Name in a table. A wide table has one of an assay's as ``ASSAY:name``.
    kind
        Kind of its cells: ``decimals`` (six in text, as probabilities) and ``number`` (seven
        digits, as values), float32 with NaN where there is nothing; ``count``, int64 with -1;
        ``flag``, int8 with -1; ``text``, objects with an empty text.
    of_assays
        Whether there is a cell for each assay, ``(n, t)``, and not for each molecule, ``(n,)``.
    """

    name: str
    kind: CellKind
    of_assays: bool = False

    @property
    def is_real(self) -> bool:
        """Whether cells are float32."""
        return self.kind in ("decimals", "number")

    def plain(self, cells: NDArray[Any]) -> list[Any]:
        """Cells ``(n,)`` as Python's own values, None where there is nothing."""
        values = cells.tolist()
        if self.is_real:
            return [None if value != value else value for value in values]
        if self.kind == "text":
            return [value or None for value in values]
        as_it_is = bool if self.kind == "flag" else int
        return [None if value < 0 else as_it_is(value) for value in values]

    def shown(self, value: Any) -> str:
        """One plain value as text files show it, but for quotes; None has no text."""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, float):
            return ("%.6f" if self.kind == "decimals" else "%.7g") % value
        return str(value)


def check_names(columns: Iterable[str]) -> None:
    """Raise a ConfigError where two columns of one table would have one name."""
    seen = set[str]()
    for name in columns:
        if name in seen:
            raise ConfigError(
                f"two columns would be called {name!r}: choose other assays, or leave out what "
                "stands beside predictions"
            )
        seen.add(name)


def of_record(columns: Sequence[BesideColumn], beside: Beside, at: int) -> dict[str, Any]:
    """Values beside the predictions of one record, less those of its assays; plain ones."""
    own = (column for column in columns if not column.of_assays)
    return {each.name: each.plain(beside[each.name][at : at + 1])[0] for each in own}


def said_of(beside: Beside, at: int, assay: int) -> dict[str, Any]:
    """Values beside one prediction, without what is not known; plain ones.

    Parameters
    ----------
    beside
        Values of a batch.
    at, assay
        The record, and the written column.
    """
    found: dict[str, Any] = {}
    for name, cells in beside.items():
        value = cells[at, assay] if cells.ndim == 2 else cells[at]
        if cells.dtype.kind == "f":
            found |= {} if np.isnan(value) else {name: float(value)}
        elif cells.dtype == np.int8:
            found |= {} if value < 0 else {name: bool(value)}
        elif cells.dtype.kind == "i":
            found |= {} if value < 0 else {name: int(value)}
        elif value:
            found[name] = str(value)[:MOST_CHARACTERS]
    return found


def of_cells(
    columns: Sequence[BesideColumn], beside: Beside, at: int, assays: NDArray[np.int64]
) -> Iterator[dict[str, Any]]:
    """Values beside the predictions of one record in some of its assays."""
    of_assays = [column for column in columns if column.of_assays]
    cells = [each.plain(beside[each.name][at, assays]) for each in of_assays]
    for place in range(len(assays)):
        yield {each.name: own[place] for each, own in zip(of_assays, cells, strict=True)}
