"""A line on the terminal for work that takes a while and has no steps to count."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def waiting(doing: str) -> Iterator[None]:
    """Context in which a terminal's standard error says what is being done and for how long.

    Parameters
    ----------
    doing
        Words on what is done, as ``predicting 1,200 molecules``.
    """
    if not sys.stderr.isatty():
        yield
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from bioassay_mtl.cli.console import PlainConsole

    text = TextColumn("{task.description}", markup=False)
    columns = (SpinnerColumn(), text, TimeElapsedColumn())
    with Progress(*columns, console=PlainConsole(stderr=True), transient=True) as shown:
        shown.add_task(doing, total=None)
        yield
