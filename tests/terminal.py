"""A command that speaks to a terminal, which is read meanwhile: a full one would stop it."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterable
from typing import Any, Literal, NamedTuple


class Shown(NamedTuple):
    """What a command that ended well has said, on the terminal and on its other stream."""

    terminal: bytes
    other: bytes


def on_terminal(
    command: Iterable[Any], stream: Literal["stdout", "stderr"] = "stderr", **surroundings: str
) -> Shown:
    """Run a command one of whose streams is a terminal."""
    import pty

    mine, theirs = pty.openpty()
    with tempfile.TemporaryFile() as other:
        streams: dict[str, Any] = {"stdout": other, "stderr": other, stream: theirs}
        running = subprocess.Popen(
            [*map(str, command)], env={**os.environ, "TERM": "xterm", **surroundings}, **streams
        )
        os.close(theirs)
        shown = b"".join(iter(lambda: _some(mine), b""))
        os.close(mine)
        assert running.wait() == 0
        other.seek(0)
        return Shown(shown, other.read())


def _some(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except OSError:  # the other end has closed
        return b""
