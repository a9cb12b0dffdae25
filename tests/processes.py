"""Processes that tests have started."""

from __future__ import annotations

import psutil


def is_alive(pid: int) -> bool:
    """Whether a process is there, and more than a note that it has ended."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
