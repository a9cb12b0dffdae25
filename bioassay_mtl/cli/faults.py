"""Faults on the command line: one line, an exit code, and nothing left behind."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

from bioassay_mtl.errors import BioassayError
from bioassay_mtl.visible import visible

USER_FAULT = 2
BUG = 1
STOPS = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
    if hasattr(signal, name)
]
"""Signals that ask to end: a Ctrl-C, a queue or a service, a terminal that closes, a Ctrl-\\."""

_received: list[int] = []


@contextmanager
def reported_faults(*, debug: bool) -> Iterator[None]:
    """Turn exceptions of the body into a message on standard error and an exit code.

    Parameters
    ----------
    debug
        Let every exception through, with its traceback.
    """
    try:
        yield
    except KeyboardInterrupt as stop:
        _quit(": ".join(("interrupted", *map(str, stop.args))), stop_code())
    except BrokenPipeError:
        # The reader has seen enough; Python must not try to flush what is left at exit.
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except BioassayError as error:
        if debug:
            raise
        _quit(f"error: {one_line(str(error))}", USER_FAULT)
    except OSError as error:  # such as a full disk, which names no file
        if debug:
            raise
        place = f"{error.filename}: " if error.filename else ""
        _quit(f"error: {place}{one_line(error.strerror or str(error))}", USER_FAULT)
    except Exception as error:
        if hasattr(error, "exit_code"):  # a wrong usage, which typer words itself
            error.__dict__.update(message=visible(getattr(error, "message", ""), lines=True))
            raise
        if debug:
            raise
        _quit(
            f"error: unexpected {type(error).__name__}: {one_line(str(error))} "
            "(a fault of the program: please report it with what "
            "`bioassay-mtl --debug ...` prints)",
            BUG,
        )


def one_line(message: str) -> str:
    """The message without line breaks."""
    return " ".join(message.split())


def stop_code() -> int:
    """The exit code that shells expect after a signal: 128 and its number."""
    return 128 + (_received[0] if _received else signal.SIGINT)


def interrupt_once() -> None:
    """Let the first signal to end interrupt, and the next ones not disturb the clearing up."""

    def interrupt(number: int, _frame: FrameType | None) -> NoReturn:
        for each in STOPS:
            signal.signal(each, signal.SIG_IGN)
        _received.append(number)
        raise KeyboardInterrupt

    for number in STOPS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as for a job in the background
            signal.signal(number, interrupt)


def leave(code: int) -> NoReturn:
    """End the program at once.

    Neither a model that a thread is still loading nor the half second in which PyTorch is taken
    down is waited for.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(code)


def _quit(message: str, code: int) -> NoReturn:
    with suppress(OSError):  # a terminal that has closed
        print(visible(message), file=sys.stderr, flush=True)  # noqa: T201
    sys.exit(code)
