"""Pictures, of dots among others; the same figures give the same file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WON, LOST, LEVEL = "#2a7f62", "#d1495b", "#8a8f98"
COLORS = {"above": WON, "better": WON, "below": LOST, "worse": LOST}
"""Of verdicts; of others, that of what is level."""


@contextmanager
def pictured(
    path: Path, n: int, size: tuple[float, float], dpi: int = 110, **how: Any
) -> Iterator[Any]:
    """Axes ``(n,)`` side by side, which are a PNG file in the end."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, n, figsize=size, squeeze=False, layout="constrained", **how)
    yield axes[0]
    # Without the version of the library in it.
    figure.savefig(path, dpi=dpi, metadata={"Software": None})
    plt.close(figure)


@dataclass(frozen=True)
class Dot:
    """A value in a row, with the length of the bar on either side."""

    row: str
    value: float
    error: float = 0.0
    color: str = LEVEL


def dots(
    path: Path, columns: Mapping[str, Sequence[Dot]], title: str, line: float | None = None
) -> None:
    """A chart for each column, whose title is its key, and the same rows in all of them.

    Rows stand in the order of the first dots; ``line`` is where all charts have a vertical line.
    """
    rows = list(dict.fromkeys(dot.row for found in columns.values() for dot in found))
    size = (3.4 + 2.2 * len(columns), 1.4 + 0.25 * len(rows))
    with pictured(path, len(columns), size, sharey=True) as axes:
        for axis, (name, found) in zip(axes, columns.items(), strict=True):
            for dot in found:
                place = rows.index(dot.row)
                axis.errorbar(dot.value, place, xerr=dot.error, fmt="o", ms=4, color=dot.color)
            if line is not None:
                axis.axvline(line, color="black", linewidth=0.8)
            axis.set_title(name, fontsize=9)
            axis.grid(axis="y", color="#e3e6ea", linewidth=0.8)
            axis.tick_params(axis="both", labelsize=7, length=0)
            axis.locator_params(axis="x", nbins=5)
            axis.spines[["top", "right", "left"]].set_visible(False)
        axes[0].set_yticks(range(len(rows)), rows, fontsize=8)
        axes[0].invert_yaxis()
        axes[0].figure.suptitle(title, fontsize=9)
