"""Points in time from the cells of a table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.descriptors.given import MISSING
from bioassay_mtl.errors import InputError

_MISSING = MISSING | {"nat", "none"}
_ISO = re.compile(
    r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)(.*))?$"
)


def points_in_time(values: Sequence[str], column: str) -> NDArray[np.float64]:
    """Order of a column of times, ``(n,) float64``; NaN where a cell is empty.

    Either every filled cell is a number (a year, a registration number, ``20240131``), or every one
    is an ISO 8601 date, from ``2024`` to ``2024-01-31T12:00:00+01:00``. A year or a month stands
    for its first day, and a time without a zone for UTC.

    Raises
    ------
    InputError
        If a cell is neither, with its row.
    """
    cells = [value.strip() for value in values]
    points = np.full(len(cells), np.nan)
    filled = [row for row, cell in enumerate(cells) if cell.lower() not in _MISSING]
    numbers = [_number(cells[row]) for row in filled]
    dates = numbers if None not in numbers else [_date(cells[row]) for row in filled]
    for row, date in zip(filled, dates, strict=True):
        if date is None:
            raise InputError(
                f"{cells[row]!r} in row {row} is no date",
                column=column,
                hint="give ISO dates (2024-01-31, 2024-01, 2024), or a number in every cell",
            )
        points[row] = date
    return points


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def _date(text: str) -> float | None:
    """Seconds since 1970."""
    found = _ISO.match(text)
    if not found:
        return None
    year, month, day, time, zone = found.groups()
    zone = "+00:00" if (zone or "").strip() in ("", "Z") else zone.strip()
    text = f"{year}-{month or '01'}-{day or '01'}T{time or '00:00'}{zone}"
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None
