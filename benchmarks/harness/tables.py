"""Tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a table."""
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    return lines + [f"| {' | '.join(row)} |" for row in rows]


def spread(values: Sequence[float] | NDArray[Any], digits: int = 4, bold: bool = False) -> str:
    """Mean and, of several values, standard deviation; a dash for none."""
    if not len(values):
        return "–"
    text = f"{np.mean(values):.{digits}f}"
    text = f"**{text}**" if bold else text
    return f"{text} ± {np.std(values, ddof=1):.{digits}f}" if len(values) > 1 else text
