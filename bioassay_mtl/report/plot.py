"""Small plots as SVG, whose colors are the page's."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import ArrayLike, NDArray

from bioassay_mtl.report.page import join
from bioassay_mtl.report.wording import brief


@dataclass(frozen=True)
class Axis:
    """One direction of a plot.

    Parameters
    ----------
    low, high
        Ends of the axis.
    title
        Name of what it measures.
    ticks
        Values that are marked.
    labels
        Their texts; None for the values.
    is_log
        Whether equal distances are equal factors.
    """

    low: float
    high: float
    title: str = ""
    ticks: Sequence[float] = ()
    labels: Sequence[str] | None = None
    is_log: bool = False

    def place(self, values: ArrayLike) -> NDArray[np.float64]:
        """Shares of the way from the low end to the high one, kept inside."""
        held = np.asarray(values, dtype=np.float64)
        low, high = self.low, self.high
        if self.is_log:
            held, low, high = np.log(np.maximum(held, low)), math.log(low), math.log(high)
        placed: NDArray[np.float64] = np.clip((held - low) / ((high - low) or 1), 0, 1)
        return placed

    def marks(self) -> list[tuple[float, str]]:
        """Place and text of each tick."""
        texts = self.labels or [brief(tick) for tick in self.ticks]
        return list(zip(self.place(self.ticks).tolist(), texts, strict=True))

    @staticmethod
    def around(values: ArrayLike, title: str, *, n_ticks: int = 4) -> Axis:
        """Axis from just below the least value to just above the largest, with round ticks."""
        held = np.asarray(values, dtype=np.float64)
        held = held[np.isfinite(held)]
        low, high = (float(held.min()), float(held.max())) if len(held) else (0.0, 1.0)
        if low == high:
            low, high = low - 0.5 * (abs(low) or 1), high + 0.5 * (abs(high) or 1)
        rough = (high - low) / n_ticks
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(f * power for f in (1, 2, 5, 10) if f * power >= rough * 0.999)
        ticks = np.arange(math.floor(low / step), math.ceil(high / step) + 1) * step
        decimals = max(0, -math.floor(math.log10(step)))
        labels = [f"{tick:,.{decimals}f}".replace("-", "−") for tick in ticks]
        return Axis(float(ticks[0]), float(ticks[-1]), title, ticks.tolist(), labels)

    @staticmethod
    def share(title: str) -> Axis:
        """Axis from 0 to 1."""
        return Axis(0, 1, title, (0, 0.5, 1), ("0", "0.5", "1"))

    @staticmethod
    def powers(low: float, high: float, title: str) -> Axis:
        """A logarithmic axis over whole powers of ten."""
        first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
        last = max(last, first + 1)
        ticks = [10.0**power for power in range(first, last + 1)]
        labels = [f"{tick:,.{max(0, -power)}f}" for power, tick in enumerate(ticks, first)]
        return Axis(ticks[0], ticks[-1], title, ticks, labels, is_log=True)


LETTER = 6.0
"""Width of a digit."""


@dataclass
class Plot:
    """Marks on two axes.

    Parameters
    ----------
    x, y
        The axes.
    width, height
        Size in units of which a small letter is 11 high.
    style
        A class of the drawing.
    """

    x: Axis
    y: Axis
    width: int = 400
    height: int = 270
    style: str = "plot"
    _marks: list[Markup] = field(default_factory=list)

    @property
    def _box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the area inside the axes."""
        longest = max((len(text) for _, text in self.y.marks()), default=0)
        left = 10 + 6.4 * longest
        return (
            left,
            22 if self.y.title else 8,
            self.width - 14,
            self.height - (38 if self.x.title else 24),
        )

    def _below(self) -> list[tuple[float, str]]:
        """Middles and texts of the marks of the x axis, kept inside the drawing."""
        left, _, right, _ = self._box
        return [
            (min(left + share * (right - left), self.width - LETTER * len(text) / 2), text)
            for share, text in self.x.marks()
        ]

    def _points(self, xs: ArrayLike, ys: ArrayLike) -> list[tuple[float, float]]:
        left, top, right, bottom = self._box
        across, down = self.x.place(xs), self.y.place(ys)
        return list(
            zip(
                (left + across * (right - left)).tolist(),
                (bottom - down * (bottom - top)).tolist(),
                strict=True,
            )
        )

    def line(self, xs: ArrayLike, ys: ArrayLike, kind: str = "line") -> Plot:
        """A line through some points: ``line``, ``faint`` or a ``guide``."""
        points = _thinned(self._points(xs, ys))
        if len(points) > 1:
            path = "M" + "L".join(f"{_short(x)} {_short(y)}" for x, y in points)
            self._marks.append(Markup('<path class="{}" d="{}"/>').format(kind, path))
        return self

    def dots(self, xs: ArrayLike, ys: ArrayLike, titles: Sequence[str] = ()) -> Plot:
        """A dot a point, with a title that shows under the pointer where one is given."""
        points = self._points(xs, ys)
        if titles:
            for (x, y), title in zip(points, titles, strict=True):
                self._marks.append(
                    Markup('<path class="dots" d="M{} {}h0"><title>{}</title></path>').format(
                        _short(x), _short(y), title
                    )
                )
        elif points:
            path = "".join(f"M{_short(x)} {_short(y)}h0" for x, y in points)
            kind = "dots many" if len(points) > 500 else "dots"
            self._marks.append(Markup('<path class="{}" d="{}"/>').format(kind, path))
        return self

    def bars(self, edges: ArrayLike, heights: ArrayLike) -> Plot:
        """Bars between neighboring edges, from the lower end of the y axis."""
        ends = np.asarray(edges, dtype=np.float64)
        tall = np.asarray(heights, dtype=np.float64)
        floor = self._box[3]
        pieces = [
            f"M{_short(x + 0.5)} {_short(floor)}V{_short(y)}H{_short(right - 0.5)}V{_short(floor)}z"
            for (x, y), (right, _), height in zip(
                self._points(ends[:-1], tall), self._points(ends[1:], tall), tall, strict=True
            )
            if height > 0
        ]
        self._marks.append(Markup('<path class="bars" d="{}"/>').format("".join(pieces)))
        return self

    def mark(self, x: float, y: float) -> Plot:
        """One point that stands out."""
        ((left, top),) = self._points([x], [y])
        self._marks.append(
            Markup('<circle class="mark" cx="{}" cy="{}" r="3.5"/>').format(
                _short(left), _short(top)
            )
        )
        return self

    def svg(self, description: str) -> Markup:
        """The drawing; `description` is for those who cannot see it."""
        left, top, right, bottom = self._box
        parts: list[Any] = [
            Markup('<path class="axis" d="M{} {}V{}H{}"/>').format(
                _short(left), _short(top), _short(bottom), _short(right)
            )
        ]
        for x, text in _apart(self._below()):
            parts.append(_text(x, bottom + 15, text, "middle"))
        for share, text in self.y.marks():
            y = bottom - share * (bottom - top)
            parts.append(_text(left - 6, y + 4, text, "end"))
        if self.x.title:
            parts.append(_text(right, self.height - 6, self.x.title, "end"))
        if self.y.title:
            parts.append(_text(2, 10, self.y.title, "start"))
        return drawing(self.width, self.height, description, [*parts, *self._marks], self.style)


def drawing(
    width: float, height: float, description: str, parts: Iterable[Markup], style: str
) -> Markup:
    """An SVG of some parts."""
    return Markup(
        '<svg class="{}" style="max-width:{:.0f}px" viewBox="0 0 {} {}" role="img" '
        'aria-label="{}">{}</svg>'
    ).format(style, 1.3 * width, _short(width), _short(height), description, join(parts))


def _apart(texts: list[tuple[float, str]]) -> list[tuple[float, str]]:
    """Texts of which none lies on the next one: every second, third, ... where there is need."""
    for step in range(1, max(2, len(texts))):
        kept = texts[::step]
        if all(
            b - a >= LETTER * (len(first) + len(second) + 1) / 2
            for (a, first), (b, second) in pairwise(kept)
        ):
            return kept
    return texts[:1]


def sparkline(counts: NDArray[np.int64]) -> Markup:
    """A histogram as small as a word; heights are square roots, so that rare values show."""
    tall = np.sqrt(counts / max(counts.max(), 1))
    bars = "".join(
        f"M{at} 20v-{_short(max(20 * height, 1))}h1V20z"
        for at, height in enumerate(tall.tolist())
        if height > 0
    )
    return Markup(
        '<svg viewBox="0 0 {} 20" preserveAspectRatio="none" aria-hidden="true">'
        '<path class="bars" d="{}"/></svg>'
    ).format(len(counts), bars)


def _text(x: float, y: float, text: str, anchor: str) -> Markup:
    return Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(
        _short(x), _short(y), anchor, text
    )


def _short(value: float) -> str:
    """Number with at most one decimal: a tenth of a pixel."""
    return f"{value:.1f}".removesuffix(".0")


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Points without those closer than a third of a pixel to the one before."""
    kept = points[:1]
    for point in points[1:]:
        if abs(point[0] - kept[-1][0]) + abs(point[1] - kept[-1][1]) >= 1 / 3:
            kept.append(point)
    if points and kept[-1] != points[-1]:
        kept.append(points[-1])
    return kept
