"""Tables and bars for people."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from bioassay_mtl.visible import visible


class PlainConsole(Console):
    """A console that takes every text as it is: no markup, no emoji names, nothing obeyed.

    Parameters
    ----------
    stderr
        Standard error in place of standard output.
    """

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, markup=False, emoji=False, highlight=False)

    def on_broken_pipe(self) -> None:
        """Leave a reader that has gone to those who end the program."""
        raise

    def render_str(self, text: str, **options: Any) -> Text:
        """Every text of a table, a title or a line comes through here."""
        return super().render_str(visible(text, lines=True), **options)
