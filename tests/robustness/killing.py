"""Kill a process at a chosen change of a folder, or at a chosen time, and see what it leaves.

The process that calls this has imported all that is heavy, and forks a child for each try: a try
costs no more than its work. The code that is tried has no part in it. Python tells of every file
that is opened, renamed or removed (:func:`sys.addaudithook`), and the child kills itself there; or
the kernel kills it in the midst of writing, at the first byte beyond a limit of a file's size.
"""

from __future__ import annotations

import os
import re
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

Action = Callable[[], object]
Meet = Callable[[int, str], None]
CHANGES = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.symlink")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_TORN_BYTES = 10


class Point(NamedTuple):
    """A moment to be killed at: before a change, or in the midst of what it opens there."""

    change: int
    torn: bool
    name: str

    def __str__(self) -> str:
        return f"{'within' if self.torn else 'before'} {self.name}"


def points_of(action: Action, folder: Path, log: Path) -> list[Point]:
    """All moments at which a process that does not fail can be killed in a folder."""
    read, write = os.pipe()
    pid = _forked(action, log, folder, lambda _, name: os.write(write, f"{name}\n".encode()))
    os.close(write)
    with os.fdopen(read) as told:
        names = list(enumerate(told.read().splitlines()))
    if code := _end(pid):
        raise RuntimeError(f"an unbroken run ends with {code}: {log.read_text()}")
    torn = [Point(number, True, name) for number, name in names if name.startswith("open ")]
    return sorted([*(Point(number, False, name) for number, name in names), *torn])


def killed_at(point: Point, action: Action, folder: Path) -> int:
    """Run until a point; the signal that killed it (negative), or its exit code."""

    def kill(number: int, change: str) -> None:
        if number != point.change:
            return
        if not point.torn:
            os.kill(os.getpid(), signal.SIGKILL)
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # which Python ignores
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (_TORN_BYTES, _TORN_BYTES))

    return _end(_forked(action, Path(os.devnull), folder, kill))


def killed_after(seconds: float, action: Action) -> int:
    """Run for a time; the signal that killed it (negative), or its exit code."""
    pid = _forked(action, Path(os.devnull))
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    return _end(pid)


def finished(action: Action, log: Path) -> int:
    """Run to the end; the exit code, and in the log what was said."""
    return _end(_forked(action, log))


def _forked(action: Action, log: Path, folder: Path | None = None, meet: Any = None) -> int:
    """A child at work, which from now on calls before each change that it makes in a folder."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        for stream, path in enumerate((Path(os.devnull), log, log)):
            how = (os.O_WRONLY if stream else os.O_RDONLY) | os.O_CREAT | os.O_APPEND
            os.dup2(os.open(path, how), stream)
        if folder is not None:
            _watch(f"{folder.resolve()}/", meet)
        action()
        code = 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _end(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _watch(root: str, meet: Meet) -> None:
    seen = 0

    def hook(event: str, values: tuple[Any, ...]) -> None:
        nonlocal seen
        path = _changed(event, values)
        if event == "ctypes.dlsym" and values[1] == "renameat2":  # nobody is told of its call
            path = f"{root}at once"
        if path is not None and path.startswith(root):
            seen += 1
            what = event.removeprefix("os.").replace("ctypes.dlsym", "rename")
            drawn = re.sub(r"(?<=\.)[0-9a-f]{16}(?=\.)", "*", path.removeprefix(root))
            meet(seen - 1, f"{what} {drawn}")

    sys.addaudithook(hook)


def _changed(event: str, values: tuple[Any, ...]) -> str | None:
    """The path that an audit event is about to change; None where it changes none."""
    if event == "open":
        return _absolute(values[0]) if (values[2] or 0) & _WRITES else None
    if event not in CHANGES:
        return None
    if event in ("os.link", "os.symlink"):
        return _absolute(values[1])
    parent = values[1 if event in ("os.remove", "os.rmdir") else 2]
    return _absolute(values[0], parent)


def _absolute(path: Any, parent: int = -1) -> str | None:
    """A path, where it is one; relative ones are to an open folder (of ``shutil.rmtree``)."""
    if not isinstance(path, str | bytes | os.PathLike):
        return None
    base = os.readlink(f"/proc/self/fd/{parent}") if parent >= 0 else os.getcwd()  # noqa: PTH109, PTH115
    return os.path.join(base, os.fsdecode(path))  # noqa: PTH118
