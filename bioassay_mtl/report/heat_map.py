"""Matrices as shaded squares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from bioassay_mtl.report.plot import drawing
from bioassay_mtl.report.wording import shortened

SHADES = 12
"""Steps of shade: one path each keeps a large map small."""

MOST_COLUMNS, MOST_ROWS = 240, 64


def heat_map(
    values: NDArray[np.float64],
    rows: Sequence[str],
    description: str,
    *,
    columns: Sequence[str] = (),
    shut: NDArray[np.bool_] | None = None,
    written: NDArray[np.float64] | None = None,
) -> Markup:
    """A matrix, darker where a value is larger.

    Parameters
    ----------
    values
        ``(R, C)`` in [0, 1]. Too many columns are averaged over neighbors; rows beyond
        :data:`MOST_ROWS` are not shown.
    rows, columns
        Names; columns are named only where names are given.
    description
        Description for those who cannot see it.
    shut
        ``(R, C) bool``: cells that are drawn as closed.
    written
        ``(R, C)``: numbers that are written in the cells; None for none.
    """
    values = averaged(values[:MOST_ROWS])
    closed = np.zeros(values.shape, dtype=bool)
    if shut is not None:
        closed = averaged(shut[:MOST_ROWS].astype(np.float64)) > 0.5
    n_rows, n_columns = values.shape
    names = [shortened(name, 18) for name in rows[:MOST_ROWS]]
    left = 8 + round(7 * max(map(len, names), default=0))
    top = 18 if columns else 2
    # Whole numbers, so that neighbors end and begin on the same line, however they are scaled.
    across = 44 if n_columns <= 24 else max(2, 640 // n_columns)
    width = left + across * n_columns + 2
    down = 26 if n_rows <= 16 else 10
    shades = np.ceil(np.clip(values, 0, 1) * SHADES).astype(int)
    parts: list[Any] = []
    for shade in range(1, SHADES + 1):
        cells = np.argwhere((shades == shade) & ~closed)
        if len(cells):
            parts.append(
                Markup('<path class="cell" fill-opacity="{:.2f}" d="{}"/>').format(
                    (1 if written is None else 0.45) * shade / SHADES,
                    _squares(cells, left, top, across, down),
                )
            )
    if closed.any():
        where = _squares(np.argwhere(closed), left, top, across, down)
        parts.append(Markup('<path class="shut" d="{}"/>').format(where))
    parts.append(
        Markup('<rect class="frame" x="{}" y="{}" width="{}" height="{}"/>').format(
            left, top, across * n_columns, down * n_rows
        )
    )
    for row, name in enumerate(names):
        y = top + down * (row + 0.5) + 4
        parts.append(
            Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="end">{}</text>').format(
                left - 6, y, name
            )
        )
        parts += [
            Markup(
                '<text class="on" x="{:.1f}" y="{:.1f}" text-anchor="middle">{:.2f}</text>'
            ).format(left + across * (column + 0.5), y, value)
            for column, value in enumerate([] if written is None else written[row].tolist())
            if not closed[row, column]
        ]
    for column, name in enumerate(columns):
        parts.append(
            Markup('<text x="{:.1f}" y="12" text-anchor="middle">{}</text>').format(
                left + across * (column + 0.5), name
            )
        )
    return drawing(width, top + down * n_rows + 2, description, parts, "map")


def averaged(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """At most :data:`MOST_COLUMNS` columns: means over neighbors."""
    if values.shape[1] <= MOST_COLUMNS:
        return values
    blocks = np.array_split(values, MOST_COLUMNS, axis=1)
    return np.stack([block.mean(axis=1) for block in blocks], axis=1)


def _squares(cells: NDArray[np.intp], left: int, top: int, across: int, down: int) -> str:
    return "".join(
        f"M{left + across * column} {top + down * row}h{across}v{down}h-{across}z"
        for row, column in cells.tolist()
    )
