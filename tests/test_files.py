"""Files and folders on real disks, killed at every step, and written by two at once."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from bioassay_mtl import files
from bioassay_mtl.errors import OutputError
from bioassay_mtl.files import locked, recover, sha256, whole_file, whole_folder, write_whole

PART = re.compile(r"\.out\.[0-9a-f]{16}\.part")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def start(program: str, *arguments: object) -> subprocess.Popen[str]:
    """A Python of its own that runs a program."""
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )


@contextmanager
def held(program: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A process that has said that it is in the middle of writing."""
    with start(program, *arguments) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "here\n"
        try:
            yield running
        finally:
            running.kill()


HOLDS = """
import sys, time
from bioassay_mtl import files
with getattr(files, sys.argv[1])(sys.argv[2]):
    print("here", flush=True)
    time.sleep(60)
"""


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with whole_file(path) as stream:
        stream.write(b"content")
        stream.flush()
        assert [PART.fullmatch(name) is not None for name in names(tmp_path)] == [True]
    assert names(tmp_path) == ["out"]
    assert path.read_bytes() == b"content"


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt])
def test_a_fault_leaves_what_was_there(tmp_path: Path, fault: type[BaseException]) -> None:
    write_whole(tmp_path / "out", "old")
    with pytest.raises(fault):
        write_and_raise(tmp_path / "out", tmp_path / "folder", fault)
    assert names(tmp_path) == ["out"]
    assert (tmp_path / "out").read_text() == "old"


def write_and_raise(file: Path, folder: Path, fault: type[BaseException]) -> None:
    with whole_file(file) as stream, whole_folder(folder) as part:
        stream.write(b"new" * 1_000_000)
        (part / "file").write_text("new")
        raise fault


@pytest.mark.parametrize("mask", [0o022, 0o027, 0o077])
def test_modes_are_those_of_the_umask(tmp_path: Path, mask: int) -> None:
    with umask(mask):
        write_whole(tmp_path / "out", "")
        with whole_folder(tmp_path / "folder") as part:
            (part / "file").touch()
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o666 & ~mask
    assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o777 & ~mask


def test_what_is_replaced_keeps_its_mode(tmp_path: Path) -> None:
    write_whole(tmp_path / "out", "secret")
    (tmp_path / "out").chmod(0o600)
    write_whole(tmp_path / "out", "secret still")
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_not_to_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with pytest.raises(OutputError, match="out exists"), whole_file(path, overwrite=False):
        path.write_text("came in between")
    assert path.read_text() == "came in between"
    assert names(tmp_path) == ["out"]


def test_a_link_is_written_through(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    link = tmp_path / "link"
    link.symlink_to(Path("place") / "out")
    for content in ("made where the link dangles", "replaced"):
        write_whole(link, content)
        assert link.is_symlink()
        assert (place / "out").read_text() == content
    folder_link = tmp_path / "folder"
    folder_link.symlink_to(place / "folder")
    for content in ("made", "replaced"):
        with whole_folder(folder_link, overwrite=True) as part:
            (part / "file").write_text(content)
        assert folder_link.is_symlink()
        assert (place / "folder" / "file").read_text() == content
    assert names(place) == ["folder", "out"]
    assert names(tmp_path) == ["folder", "link", "place"]


def test_links_in_a_circle_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OutputError, match=r"a: could not be written: .*symbolic links"):
        write_whole(tmp_path / "a", "")


def test_a_link_laid_in_the_way_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "mine"
    mine.write_text("dear to me")
    monkeypatch.setattr(files.secrets, "token_hex", lambda n: "0" * 2 * n)  # type: ignore[attr-defined]
    (tmp_path / f".out.{'0' * 16}.part").symlink_to(mine)
    (tmp_path / ".other.writing").symlink_to(mine)
    with pytest.raises(OutputError):
        write_whole(tmp_path / "out", "content")
    with pytest.raises(OutputError), locked(tmp_path / "other"):
        pass
    assert mine.read_text() == "dear to me"


def test_a_name_of_the_greatest_length(tmp_path: Path) -> None:
    path = tmp_path / ("ä" * 127)
    with locked(path):
        write_whole(path, "content")
    assert names(tmp_path) == [path.name]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "no" / "out"
    for writing in (whole_file(path), locked(path)):
        with pytest.raises(OutputError, match="out: could not be written: No such file"), writing:
            pass


def test_folders_above_a_folder_are_made(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "some" / "where" / "out"):
        pass
    assert names(tmp_path / "some" / "where") == ["out"]
    (tmp_path / "file").touch()
    writing = whole_folder(tmp_path / "file" / "out")
    with pytest.raises(OutputError, match="out: could not be written: Not a directory"), writing:
        pass


def test_a_folder_is_replaced_or_not(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.mkdir()
    for overwrite in (False, True):  # an empty one is replaced at any rate
        with whole_folder(path, overwrite=overwrite) as part:
            (part / str(overwrite)).touch()
    assert names(path) == ["True"]
    with pytest.raises(OutputError, match="out exists"), whole_folder(path):
        pass
    (tmp_path / "file").touch()
    over_file = whole_folder(tmp_path / "file", overwrite=True)
    with pytest.raises(OutputError, match="file exists"), over_file:
        pass
    assert names(tmp_path) == ["file", "out"]


REPLACES = """
import os, signal, sys
from pathlib import Path
from bioassay_mtl import files
if sys.argv[3] == "two steps":
    files._rename_at_once = lambda *_: False
left = int(sys.argv[2])
def count(event, arguments):
    global left
    if event == "open" or event.startswith(("os.", "shutil.", "ctypes.")):
        left -= 1
    if left < 0 and event != "os.kill":
        os.kill(os.getpid(), signal.SIGKILL)
target = Path(sys.argv[1])
sys.addaudithook(count)
with files.whole_folder(target, overwrite=True) as part:
    for name in "ab":
        (part / name).write_text("new")
os.write(1, b"done")
"""


@pytest.mark.parametrize("way", ["one step", "two steps"])
@pytest.mark.cases(1)
def test_a_kill_at_any_step_leaves_the_old_folder_or_the_new(tmp_path: Path, way: str) -> None:
    path = tmp_path / "out"
    with whole_folder(path) as part:
        for name in "ab":
            (part / name).write_text("old")
    seen = []
    for step in range(200):
        with start(REPLACES, path, step, way) as running:
            said, _ = running.communicate()
        recover(path)
        contents = [(path / name).read_text() for name in "ab"]
        assert contents in (["old", "old"], ["new", "new"])
        assert names(path) == ["a", "b"]
        seen.append(contents[0])
        if said == "done":
            break
        assert running.returncode == -signal.SIGKILL
        if contents[0] == "new":
            for name in "ab":
                (path / name).write_text("old")
    assert said == "done"
    assert {"old", "new"} == set(seen)
    assert names(tmp_path) == ["out"]  # the last one cleared what all the others left


def test_a_kill_leaves_a_part_that_the_next_writer_removes(tmp_path: Path) -> None:
    for writes in ("whole_file", "whole_folder", "locked"):
        with held(HOLDS, writes, tmp_path / "out"):
            pass
        assert len(names(tmp_path)) == (2 if writes == "locked" else 1)
    (tmp_path / ".out.mine.part").touch()
    (tmp_path / ".other.0123456789abcdef.part").touch()
    with locked(tmp_path / "out"):
        write_whole(tmp_path / "out", "content")
    assert names(tmp_path) == [".other.0123456789abcdef.part", ".out.mine.part", "out"]


@pytest.mark.parametrize("writes", ["whole_file", "whole_folder"])
def test_the_part_of_a_living_writer_stays(tmp_path: Path, writes: str) -> None:
    with held(HOLDS, writes, tmp_path / "out"):
        there = names(tmp_path)
        write_whole(tmp_path / "out", "content")
        assert names(tmp_path) == [*there, "out"]


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    with held(HOLDS, "locked", tmp_path / "out") as other:
        with pytest.raises(OutputError) as caught, locked(tmp_path / "out"):
            pass
        assert str(caught.value) == (
            f"{tmp_path / 'out'}: is being written by another process (pid {other.pid}): "
            "wait for it, or choose another name"
        )
        (tmp_path / "link").symlink_to("out")
        with pytest.raises(OutputError, match="another process"), locked(tmp_path / "link"):
            pass
        with locked(tmp_path / "other"):
            pass
    with locked(tmp_path / "out"):  # the system has dropped the lock of the killed one
        assert (tmp_path / ".out.writing").read_text() == str(os.getpid())
        with pytest.raises(OutputError, match="by this process already"), locked(tmp_path / "out"):
            pass
    assert names(tmp_path) == ["link"]


def test_of_many_at_once_one_writes_at_any_moment(tmp_path: Path) -> None:
    path = tmp_path / "out"
    inside, most = [0], [0]

    def write() -> None:
        for _ in range(200):
            with suppress(OutputError), locked(path):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1

    run_at_once([write] * 4)
    assert most == [1]
    assert names(tmp_path) == []


def run_at_once(tasks: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=task) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_what_is_no_lock_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".out.writing").write_text("a poem")
    with pytest.raises(OutputError, match="writing is in the way"), locked(tmp_path / "out"):
        pass
    assert (tmp_path / ".out.writing").read_text() == "a poem"


def test_checksum(tmp_path: Path) -> None:
    write_whole(tmp_path / "out", "abc")
    assert sha256(tmp_path / "out").startswith("ba7816bf8f01cfea414140de5dae2223")
