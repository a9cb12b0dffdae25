"""Processes of ours that train: plain subprocesses, for the reasons that featurizing has."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from bioassay_mtl.errors import WorkerError


@contextmanager
def serving(
    module: str, log: Path, *, answers: bool = False, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that waits for its orders on its standard input, until the end of the block.

    Parameters
    ----------
    module
        Module whose ``serve`` it runs, with the id of this process.
    log
        File of what it says, for :func:`death`.
    answers
        Whether its standard output is for this process to read, instead of said.
    env
        Variables of its environment that differ from those of this process.
    """
    code = (
        f"import sys; sys.path[:] = {[str(entry) for entry in sys.path]!r}; "
        f"from {module} import serve; serve({os.getpid()})"
    )
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if answers else file,
            stderr=file,
            env={**os.environ, **(env or {})},
            start_new_session=True,  # Ctrl-C is for this process, which then ends the others
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        with suppress(OSError):
            process.stdin.close()  # type: ignore[union-attr]


def death(code: int, log: Path, reason: str = "") -> WorkerError:
    """The error of a process that ended by itself, with the last line that it said."""
    how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
    lines = log.read_text(errors="replace").split("\n")
    said = next((line for line in reversed(lines) if line.strip()), "it left no message")
    return WorkerError(f"a training process {how}: {said}{reason}")
