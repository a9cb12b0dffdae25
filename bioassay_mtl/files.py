"""Files and folders that appear whole or not at all, and have one writer at a time.

What is being written stands beside its final name as ``.NAME.<16 hexadecimal digits>.part``: a name
that nobody can foresee, made anew and never followed as a link, and locked by its writer. Once
whole it is brought to the disk and renamed in one step of the system, so that a kill or a loss of
power leaves the old or the new. What a killed writer left is removed by the next one of the same
name: the system drops the lock with the process, and only what is not locked is removed.

A name that is a symbolic link is written through: the link stays, and what it points to is
replaced, or made where it is not there yet.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import re
import secrets
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO, cast

from bioassay_mtl.errors import BeingWrittenError, OutputError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_PART, _OLD, _LOCK = "part", "old", ".writing"
_NO_REPLACE, _EXCHANGE = 1, 2  # flags of renameat2
_POSIX = os.name == "posix"  # elsewhere there are neither locks nor descriptors of folders
_UNFOLLOWED = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_BUFFER_BYTES = 1 << 20


@contextmanager
def whole_file(path: str | Path, *, overwrite: bool = True) -> Iterator[BinaryIO]:
    """A stream to a file that gets its name when the block ends without an exception.

    A new file has the mode that the umask gives; one that is replaced keeps its own.

    Parameters
    ----------
    path
        The file; its folder must be there.
    overwrite
        Replace a file of this name.

    Raises
    ------
    OutputError
        If it cannot be written, for example on a full disk, or must not be replaced. Nothing is
        left then, and a file that was there stays as it was.
    """
    with _worded(path):
        part = _Part(end_of_links(path), _open_new)
    try:
        with checked_stream(part.descriptor, str(path), closefd=False) as stream:
            yield stream
        with _worded(path):
            _sync(part.descriptor)
            part.place(overwrite)
    finally:
        part.path.unlink(missing_ok=True)
        part.close()


def write_whole(path: str | Path, content: bytes | str) -> None:
    """Write a file as :func:`whole_file` does; text in UTF-8.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    with whole_file(path) as stream:
        stream.write(content.encode() if isinstance(content, str) else content)


@contextmanager
def whole_folder(path: str | Path, *, overwrite: bool = False) -> Iterator[Path]:
    """A folder to write into, which gets its name when the block ends without an exception.

    An old folder is exchanged for the new one in one step, then deleted. Where a system lacks that
    step, it is moved aside first: a kill at this moment leaves no folder of the name, and
    :func:`recover` puts the old one back.

    Parameters
    ----------
    path
        The folder; those above it are made. An empty folder of this name is replaced.
    overwrite
        Replace a folder that is not empty.

    Raises
    ------
    OutputError
        In place of an OSError of the block or of the renaming, for example on a full disk, and
        where the folder must not be replaced.
    """
    with _worded(path):
        recover(path)
        target = end_of_links(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = _Part(target, _open_new_folder)
    try:
        with _worded(path):
            yield part.path
            for file in (*part.path.rglob("*"), part.path):
                _sync_path(file)
            part.place(overwrite)
    finally:
        shutil.rmtree(part.path, ignore_errors=True)  # after an exchange it is the old one
        part.close()


def recover(path: str | Path) -> None:
    """Put back a folder that was moved aside by a writer who was killed before the new one came.

    To be called before a folder is read; does nothing where the folder is there.
    """
    with suppress(OSError):
        target = end_of_links(path)
        if target.exists():
            return
        for old in _leftovers(target, _OLD):
            with _taken(old, where_none=True):
                _rename(old, target, _NO_REPLACE)


@contextmanager
def locked(path: str | Path) -> Iterator[None]:
    """Be the only writer of a file or folder until the block ends; no other may hold the name.

    The lock is an advisory one of the system on ``.NAME.writing``, a file that goes with the block.
    A kill leaves the file without the lock, and the next writer takes it over. Where a file system
    has no locks, there is none.

    Parameters
    ----------
    path
        File that is going to be written, there or not; the folder that holds it must be there.

    Raises
    ------
    BeingWrittenError
        Another process, or another part of this one, is writing it.
    OutputError
        The folder refuses the lock's file.
    """
    with _worded(path):
        target = end_of_links(path)
        lock = target.with_name(_hidden(target) + _LOCK)
        descriptor = _hold(lock, path)
    try:
        yield
    finally:
        with suppress(OSError):
            lock.unlink()
        os.close(descriptor)


def sha256(path: str | Path) -> str:
    """SHA-256 of a file, as hexadecimal text."""
    with Path(path).open("rb") as stream:
        return sha256_of(stream)


def sha256_of(stream: IO[bytes]) -> str:
    """SHA-256 of what is left of a stream, as hexadecimal text."""
    state = hashlib.sha256()
    while chunk := stream.read(_BUFFER_BYTES):
        state.update(chunk)
    return state.hexdigest()


def end_of_links(path: str | Path) -> Path:
    """The file or folder that a name leads to, there or not.

    Raises
    ------
    OSError
        Links that go in a circle, or that the system does not trust.
    """
    with suppress(FileNotFoundError):
        Path(path).stat()  # refused for another user's link in a folder that all can write to
    return Path(os.path.realpath(path))


@contextmanager
def checked_stream(file: Path | int, name: str, *, closefd: bool = True) -> Iterator[BinaryIO]:
    """A buffered stream to a file or descriptor whose faults are worded for the user.

    Parameters
    ----------
    file
        File to write to.
    name
        Name that the user knows it by.
    closefd
        Close the descriptor in the end.

    Raises
    ------
    OutputError
        When writing fails, for example on a full disk.
    BrokenPipeError
        When the reader of a pipe has gone.
    """
    raw = _CheckedFile(file, name, closefd=closefd)
    stream = cast(BinaryIO, io.BufferedWriter(raw, _BUFFER_BYTES))
    try:
        yield stream
        stream.flush()
    finally:
        # After a failure the buffer still holds what could not be written.
        with suppress(OutputError, BrokenPipeError):
            raw.give_up()
            stream.close()


class _CheckedFile(io.FileIO):
    """A file whose write errors are worded for the user."""

    def __init__(self, file: Path | int, name: str, *, closefd: bool) -> None:
        self._name = name
        self._given_up = False
        with _worded(name):
            super().__init__(file, "wb", closefd=closefd)

    def write(self, data: ReadableBuffer) -> Any:
        if self._given_up:
            return len(memoryview(data))
        with _worded(self._name):
            return super().write(data)

    def give_up(self) -> None:
        """Swallow whatever is still to come."""
        self._given_up = True


@contextmanager
def _worded(name: str | Path) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except FileExistsError as error:
        raise OutputError(f"{name} exists (choose another name, or overwrite it)") from error
    except OSError as error:
        what = error.strerror or str(error)
        raise OutputError(f"{name}: could not be written: {what}; no output is kept") from error


def _hidden(target: Path) -> str:
    """The beginning of names beside a target, short enough to be lengthened."""
    name = os.fsencode(target.name)
    return f".{target.name}" if len(name) < 200 else f".{hashlib.sha256(name).hexdigest()}"


def _beside(target: Path, end: str) -> Path:
    return target.with_name(f"{_hidden(target)}.{secrets.token_hex(8)}.{end}")


def _leftovers(target: Path, end: str) -> list[Path]:
    """Leftovers of writers of this target, alive or not."""
    form = re.compile(re.escape(_hidden(target)) + rf"\.[0-9a-f]{{16}}\.{end}")
    return [path for path in target.parent.iterdir() if form.fullmatch(path.name)]


def _clear(target: Path) -> None:
    """Remove what killed writers left."""
    ends = (_PART, _OLD) if target.exists() else (_PART,)
    for left in (path for end in ends for path in _leftovers(target, end)):
        with suppress(OSError), _taken(left):
            shutil.rmtree(left) if left.is_dir() else left.unlink()


@contextmanager
def _taken(left: Path, *, where_none: bool = False) -> Iterator[None]:
    """Hold what nobody else holds; a BlockingIOError otherwise.

    Parameters
    ----------
    left
        File or folder.
    where_none
        Answer where the file system has no locks.
    """
    descriptor = os.open(left, (os.O_RDONLY if left.is_dir() else os.O_RDWR) | _UNFOLLOWED)
    try:
        had = _lock(descriptor)
        if not (where_none if had is None else had):
            raise BlockingIOError
        yield
    finally:
        os.close(descriptor)


class _Part:
    """Something new to write to beside a target, locked until it is closed.

    Parameters
    ----------
    target
        File that it becomes; leftovers of killed writers beside it are removed.
    make
        Makes it, and returns a descriptor of it.
    """

    def __init__(self, target: Path, make: Callable[[Path], int]) -> None:
        self.target = target
        _clear(target)
        self._make(make)
        while _lock(self.descriptor) is False or not self.path.exists():
            self.close()  # another writer took it for a leftover before it was locked
            self._make(make)

    def _make(self, make: Callable[[Path], int]) -> None:
        self.path = _beside(self.target, _PART)
        self.descriptor = make(self.path)
        self._is_open = True

    def place(self, overwrite: bool) -> None:
        """Give it its name; an old folder gets the part's."""
        if not _POSIX:
            self.close()  # an open file cannot be renamed there
        with suppress(FileNotFoundError):
            self.path.chmod(stat.S_IMODE(self.target.stat().st_mode))
        _place(self.path, self.target, overwrite)
        _sync_path(self.target.parent)

    def close(self) -> None:
        """Let go of the lock."""
        if self._is_open:
            os.close(self.descriptor)
        self._is_open = False


def _open_new(part: Path) -> int:
    binary = getattr(os, "O_BINARY", 0)
    return os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | _UNFOLLOWED | binary, 0o666)


def _open_new_folder(part: Path) -> int:
    part.mkdir()
    return os.open(part if _POSIX else os.devnull, os.O_RDONLY | _UNFOLLOWED)


def _lock(descriptor: int) -> bool | None:
    """Lock until the descriptor is closed; False where it is locked, None where nothing can be."""
    if sys.platform == "win32":
        return None
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _hold(lock: Path, path: str | Path) -> int:
    """The descriptor of a lock file that is held; the file says the number of our process."""
    while True:
        descriptor = _open_lock(lock)
        try:
            if _lock(descriptor) is False:
                raise _refusal(path, _pid_in(descriptor, lock, path))
            if _is_same(descriptor, lock):
                _pid_in(descriptor, lock, path)
                with suppress(OSError):  # another user's that a kill left can be held all the same
                    os.truncate(descriptor, 0)
                    os.write(descriptor, str(os.getpid()).encode())
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # its holder has just ended


def _open_lock(lock: Path) -> int:
    try:
        return os.open(lock, os.O_RDWR | os.O_CREAT | _UNFOLLOWED, 0o666)
    except PermissionError:
        return os.open(lock, os.O_RDONLY | _UNFOLLOWED)


def _pid_in(descriptor: int, lock: Path, path: str | Path) -> int:
    """The process that a lock file names, 0 for none."""
    is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
    held = os.read(descriptor, 21) if is_file else b"no file"
    if not re.fullmatch(rb"[0-9]{0,20}", held):
        raise OutputError(f"{path}: {lock} is in the way (it is no lock of ours: move it)")
    os.lseek(descriptor, 0, os.SEEK_SET)
    return int(held or 0)


def _refusal(path: str | Path, pid: int) -> OutputError:
    if pid == os.getpid():
        return BeingWrittenError(f"{path}: is being written by this process already")
    who = f" (pid {pid})" if pid else ""
    return BeingWrittenError(
        f"{path}: is being written by another process{who}: wait for it, or choose another name"
    )


def _is_same(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False


def _place(part: Path, target: Path, overwrite: bool) -> None:
    if not part.is_dir():
        part.replace(target) if overwrite else _rename(part, target, _NO_REPLACE)
    elif not target.is_dir():
        _rename(part, target, _NO_REPLACE)
    elif any(target.iterdir()) and not overwrite:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    elif not _rename_at_once(part, target, _EXCHANGE):
        _exchange_in_two_steps(part, target)


def _exchange_in_two_steps(part: Path, target: Path) -> None:
    """A kill in between leaves no folder of the name, until :func:`recover`."""
    with ExitStack() as held:
        with suppress(OSError):  # so that nobody recovers it in this moment
            held.enter_context(_taken(target, where_none=True))
        old = _beside(target, _OLD)
        target.rename(old)
        part.rename(target)
        shutil.rmtree(old, ignore_errors=True)


def _rename(source: Path, target: Path, flag: int) -> None:
    """Rename to a name that is free."""
    if not _rename_at_once(source, target, flag):
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        source.rename(target)


def _rename_at_once(source: Path, target: Path, flag: int) -> bool:
    """Rename by Linux' ``renameat2``; False where the system or the file system lacks it."""
    if sys.platform != "linux":
        return False
    import ctypes

    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    here = -100  # AT_FDCWD
    if renameat2(here, os.fsencode(source), here, os.fsencode(target), flag) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
        return False
    raise OSError(number, os.strerror(number), str(target))


def _sync(descriptor: int) -> None:
    """Bring to the disk, where the file system can."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS):
            raise


def _sync_path(path: Path) -> None:
    """The same for a folder, whose entries are its content, or for a closed file."""
    if _POSIX:
        descriptor = os.open(path, os.O_RDONLY | _UNFOLLOWED)
        try:
            _sync(descriptor)
        finally:
            os.close(descriptor)
