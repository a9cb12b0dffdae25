"""Callbacks for every epoch."""

from __future__ import annotations

from collections.abc import Callable, Mapping

Progress = Callable[[Mapping[str, float]], None]
"""Called after each epoch with its number, loss and, where there are validation rows, its score."""
