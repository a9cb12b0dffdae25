from __future__ import annotations

import gzip
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from bioassay_mtl.errors import OutputError
from bioassay_mtl.screening.output import Output


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_file_appears_only_when_whole(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    with Output(path).opened() as sink:
        sink.write(b"a,b\n")
        sink.flush()
        assert not path.exists()
    assert path.read_bytes() == b"a,b\n"
    assert names(tmp_path) == ["out.csv"]


def write_then_raise(output: Output, data: bytes, fault: type[BaseException]) -> None:
    with output.opened() as sink:
        sink.write(data)
        raise fault


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt])
def test_nothing_remains_after_a_fault(tmp_path: Path, fault: type[BaseException]) -> None:
    with pytest.raises(fault):
        write_then_raise(Output(tmp_path / "out.csv.gz"), b"a" * 3_000_000, fault)
    assert names(tmp_path) == []


def test_old_file_survives_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old")
    with pytest.raises(ValueError):
        write_then_raise(Output(path, overwrite=True), b"new", ValueError)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["out.csv"]


def test_existing_file_is_refused_or_replaced(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old")
    with pytest.raises(OutputError, match=r"exists already.*overwrite replaces"):
        Output(path)
    with Output(path, overwrite=True).opened() as sink:
        sink.write(b"new")
    assert path.read_text() == "new"


def test_an_input_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "library.smi"
    path.write_text("C")
    link = tmp_path / "link.smi"
    link.symlink_to(path)
    with pytest.raises(OutputError, match="also an input"):
        Output(path, overwrite=True, inputs=["-", link])


def test_missing_folder_and_folder_as_file(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="there is no folder"):
        Output(tmp_path / "no" / "out.csv")
    with pytest.raises(OutputError, match="this is a folder"):
        Output(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folder_without_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="no permission"):
        Output(tmp_path / "out.csv")


def test_gzip_is_the_same_every_time(tmp_path: Path) -> None:
    for name in ("a.csv.gz", "b.csv.gz"):
        with Output(tmp_path / name).opened() as sink:
            sink.write(b"row,id\n" * 1000)
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()
    assert gzip.decompress((tmp_path / "a.csv.gz").read_bytes()) == b"row,id\n" * 1000


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_device_is_written_to_directly_and_may_be_full() -> None:
    with (
        pytest.raises(OutputError, match="could not be written: No space left on device"),
        Output("/dev/full").opened() as sink,
    ):
        sink.write(b"a")
    assert Path("/dev/full").is_char_device()


def test_a_link_is_written_through_and_stays(tmp_path: Path) -> None:
    (tmp_path / "place").mkdir()
    link, there = tmp_path / "link.csv", tmp_path / "place" / "out.csv"
    link.symlink_to(there)
    for content in (b"where nothing was", b"replaced"):
        with Output(link, overwrite=True).opened() as sink:
            sink.write(content)
        assert link.is_symlink()
        assert there.read_bytes() == content
    with pytest.raises(OutputError, match=r"link\.csv: exists already"):
        Output(link)
    astray = tmp_path / "astray.csv"
    astray.symlink_to(tmp_path / "no" / "out.csv")
    with pytest.raises(OutputError, match=r"astray\.csv: there is no folder '.*no'"):
        Output(astray)


def test_a_named_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    with Output(pipe).opened() as sink:
        sink.write(b"content")
    reader.join()
    assert read == [b"content"]
    assert pipe.is_fifo()
    assert names(tmp_path) == ["pipe"]


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1"])
def test_standard_output_by_other_names(tmp_path: Path, name: str) -> None:
    program = f"""
from bioassay_mtl.screening.output import Output
for text in (b"some ", b"more"):
    with Output({name!r}).opened() as sink:
        sink.write(text)
"""
    with (tmp_path / "out.csv").open("wb") as file:
        subprocess.run([sys.executable, "-c", program], stdout=file, check=True)
    assert (tmp_path / "out.csv").read_bytes() == b"some more"


def test_a_second_writer_is_refused_before_and_while_it_writes(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    early = Output(path)
    with Output(path).reserved():
        with pytest.raises(OutputError, match="being written by this process already"):
            Output(path)
        with pytest.raises(OutputError, match="being written"), early.opened():
            pass
    with Output(path).opened() as sink:
        sink.write(b"first")
    with pytest.raises(OutputError, match="exists already"), early.opened():
        pass
    assert path.read_bytes() == b"first"
    assert names(tmp_path) == ["out.csv"]


def test_a_reserved_output_is_written(tmp_path: Path) -> None:
    output = Output(tmp_path / "out.csv")
    with output.reserved(), output.opened() as sink:
        assert (tmp_path / ".out.csv.writing").exists()
        sink.write(b"content")
    assert names(tmp_path) == ["out.csv"]
