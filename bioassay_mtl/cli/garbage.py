"""Garbage: imports make a million objects that never become any, and need not be searched."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

THRESHOLD = 100_000
"""Objects between two searches for garbage, once all is loaded."""


@contextmanager
def unsearched() -> Iterator[Callable[[object], None]]:
    """Context without searches for garbage, until what it gives is called with anything.

    Searches then leave out all that was there before. At the end all is as it was.
    """
    threshold, is_on = gc.get_threshold(), gc.isenabled()
    is_loading = True
    gc.disable()

    def search(_: object) -> None:
        nonlocal is_loading
        if is_loading:
            is_loading = False
            gc.freeze()
            gc.set_threshold(THRESHOLD)
            gc.enable()

    try:
        yield search
    finally:
        if not is_loading:
            gc.unfreeze()
        gc.set_threshold(*threshold)
        if is_on:
            gc.enable()
        else:
            gc.disable()
