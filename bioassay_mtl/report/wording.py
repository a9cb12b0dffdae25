"""Numbers as people read them."""

from __future__ import annotations

import math

UNKNOWN = "–"


def number(value: float, digits: int = 3) -> str:
    """``0.8123 -> 0.812``; a dash where it is not defined."""
    if not math.isfinite(value):
        return UNKNOWN
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")  # no minus before zero


def signed(value: float, digits: int = 3) -> str:
    """``0.8123 -> +0.812``: a difference."""
    shown = number(value, digits)
    return shown if shown.startswith(("−", UNKNOWN)) else f"+{shown}"


def significant(value: float) -> str:
    """Three digits, of whatever size: ``2182.8 -> 2,183``, ``0.856``, ``1.2e-9 -> 1.20e-9``."""
    if not math.isfinite(value):
        return UNKNOWN
    size = abs(value)
    if size and not 1e-3 <= size < 1e7:
        mantissa, power = f"{value:.2e}".split("e")
        return f"{mantissa}e{int(power)}".replace("-", "−", value < 0)
    digits = 3 if size < 1 else max(0, 2 - math.floor(math.log10(size)))
    return f"{value:,.{digits}f}".replace("-", "−")


def brief(value: float) -> str:
    """About two digits: ``0.000123 -> 0.00012``, ``18.3 -> 18``, ``1234 -> 1,234``."""
    if not math.isfinite(value):
        return UNKNOWN
    large = value == 0 or abs(value) >= 10
    digits = 0 if large else max(0, 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}".replace("-", "−")


def percent(share: float) -> str:
    """``0.0141 -> 1.4 %``."""
    return f"{brief(100 * share)} %" if math.isfinite(share) else UNKNOWN


def interval(low: float, high: float, digits: int = 2) -> str:
    """``0.79–0.84``; nothing where it is not known."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    between = "–" if low >= 0 else " to "
    return f"{number(low, digits)}{between}{number(high, digits)}"


def shortened(text: str, length: int = 60) -> str:
    """The text, its end cut off where it is longer."""
    return text if len(text) <= length else text[: length - 1] + "…"
