"""Molecules: from structures as text to what a network reads.

Nothing is imported here: a worker process starts by this package, and needs a part of it alone.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["descriptors", "fingerprints", "graphs"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
