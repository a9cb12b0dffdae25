"""A child process ends with its parent, whatever ends the parent and whatever the child is at.

A closed pipe tells a child that its parent is gone only when it reads. C code that does not return
never reads, and may hold Python's lock, so that no thread of Python runs either. Thus:

- Linux: the kernel is asked to kill the child (``PR_SET_PDEATHSIG``), at once.
- Elsewhere a thread looks for the parent each second. Where a call into C has a time limit, that
  thread also winds up a clock of the C library's threads (`faulthandler`), which ends the process
  when it is not wound up again: it runs without Python's lock.
"""

from __future__ import annotations

import ctypes
import faulthandler
import os
import signal
import sys
import threading
import time
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_SECONDS_BETWEEN_LOOKS = 1.0


def end_with(parent: int, longest_call: float | None = None) -> None:
    """Let this process end with its parent; call it first of all.

    The kernel of Linux takes the end of the *thread* that started this process for the parent's:
    a process must be started by a thread that outlives the need for it.

    Parameters
    ----------
    parent
        Process id of the parent, as the parent knows it.
    longest_call
        Seconds that a call into C may take; None where that is not known.
    """
    asked = _ask_kernel()
    if os.getppid() != parent:  # it was gone before the kernel was asked
        os._exit(1)
    if not asked:
        watch = threading.Thread(target=_watch, args=(parent, longest_call), daemon=True)
        watch.start()


def _ask_kernel() -> bool:
    """Whether the kernel will kill this process at its parent's end."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        return bool(ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) == 0)
    except (OSError, AttributeError):
        return False


def _watch(parent: int, longest_call: float | None) -> None:
    with Path(os.devnull).open("w") as nowhere:
        while os.getppid() == parent:
            if longest_call:
                faulthandler.dump_traceback_later(longest_call, exit=True, file=nowhere)
            time.sleep(_SECONDS_BETWEEN_LOOKS)
    os._exit(1)
