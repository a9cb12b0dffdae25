"""Plots of the study."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any


def write_plots(results: Sequence[dict[str, Any]], folder: Path) -> None:
    """Write what the results show."""
