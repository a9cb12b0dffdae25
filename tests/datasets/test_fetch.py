"""Fetching from a real server, with all that goes wrong on the way."""

from __future__ import annotations

import gzip
import hashlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from bioassay_mtl.datasets.download import ATTEMPTS, Limits, download
from bioassay_mtl.datasets.fetch import fetch
from bioassay_mtl.datasets.recipes import Recipe, recipe
from bioassay_mtl.errors import ConfigError, InputError, OutputError
from bioassay_mtl.files import locked
from tests.models.test_weights_file import files_of_at_most

from .server import Site, serve
from .tables import table

CONTENT = table(recipe("tox21"), 7831, seed=0, width=100)
OTHER = table(recipe("tox21"), 8014, seed=1, width=90)


@pytest.fixture
def site() -> Iterator[Site]:
    with serve(Site(CONTENT)) as running:
        yield running


@pytest.fixture
def tox21() -> Recipe:
    return recipe("tox21")


def fetched(site: Site, folder: Path, chosen: Recipe, **options: object) -> Path:
    return fetch(chosen, folder, base_url=site.url, pause_s=0.001, **options)  # type: ignore[arg-type]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_file_and_its_record(site: Site, tmp_path: Path, tox21: Recipe) -> None:
    seen: list[tuple[int, int | None]] = []
    folder = tmp_path / "new" / "folder"
    path = fetched(site, folder, tox21, progress=lambda *there: seen.append(there))
    assert path == folder / "tox21.csv.gz"
    assert path.read_bytes() == CONTENT
    assert names(folder) == ["tox21.csv.gz", "tox21.json"]
    record = json.loads((folder / "tox21.json").read_text())
    assert record["url"] == f"{site.url}/tox21.csv.gz"
    assert record["sha256"] == hashlib.sha256(CONTENT).hexdigest()
    assert record["bytes"] == len(CONTENT)
    assert record["date"].endswith("+00:00")
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert seen == sorted(seen)


def test_a_file_that_is_there_is_only_verified(site: Site, tmp_path: Path, tox21: Recipe) -> None:
    path = fetched(site, tmp_path, tox21)
    fetched(site, tmp_path, tox21)
    assert len(site.requests) == 1
    path.write_bytes(CONTENT[:-1])
    with pytest.raises(
        InputError, match=r"tox21\.csv\.gz: the file has SHA-256 .*\(force fetches it again"
    ):
        fetched(site, tmp_path, tox21)
    fetched(site, tmp_path, tox21, force=True)
    assert path.read_bytes() == CONTENT


def test_a_file_from_elsewhere_is_recorded(site: Site, tmp_path: Path, tox21: Recipe) -> None:
    (tmp_path / "tox21.csv.gz").write_bytes(OTHER)
    fetched(site, tmp_path, tox21)
    assert site.requests == []
    record = json.loads((tmp_path / "tox21.json").read_text())
    assert record["sha256"] == hashlib.sha256(OTHER).hexdigest()


def test_a_changed_original_is_refused_unless_forced(
    site: Site, tmp_path: Path, tox21: Recipe
) -> None:
    path = fetched(site, tmp_path, tox21)
    path.unlink()
    site.content = OTHER
    with pytest.raises(InputError, match="changed since"):
        fetched(site, tmp_path, tox21)
    assert names(tmp_path) == ["tox21.json"]
    fetched(site, tmp_path, tox21, force=True)
    assert path.read_bytes() == OTHER
    fetched(site, tmp_path, tox21)


def test_a_published_checksum_is_enforced(site: Site, tmp_path: Path, tox21: Recipe) -> None:
    known = tox21.model_copy(update={"sha256": hashlib.sha256(CONTENT).hexdigest()})
    path = fetched(site, tmp_path, known)
    site.content = OTHER
    for force in (False, True):
        path.unlink(missing_ok=True)
        with pytest.raises(InputError, match="the file has SHA-256") as caught:
            fetched(site, tmp_path, known, force=force)
        assert "force" not in str(caught.value)
        assert not path.exists()


def test_a_broken_record_is_named(site: Site, tmp_path: Path, tox21: Recipe) -> None:
    (tmp_path / "tox21.json").write_text('{"url": "x"')
    with pytest.raises(InputError, match=r"tox21\.json: not the record"):
        fetched(site, tmp_path, tox21)
    fetched(site, tmp_path, tox21, force=True)
    fetched(site, tmp_path, tox21)


def test_a_breaking_connection_is_continued(site: Site, tmp_path: Path, tox21: Recipe) -> None:
    # More breaks than attempts: each brings something new, so none counts.
    site.send_at_most = len(CONTENT) // (ATTEMPTS + 2)
    assert fetched(site, tmp_path, tox21).read_bytes() == CONTENT
    starts = [int(asked.removeprefix("bytes=").rstrip("-")) for asked in site.requests[1:] if asked]
    assert starts == [site.send_at_most * (n + 1) for n in range(ATTEMPTS + 2)]


def test_a_later_run_continues(site: Site, tmp_path: Path, tox21: Recipe) -> None:
    part = tmp_path / "tox21.csv.gz.part"
    with pytest.raises(KeyboardInterrupt):
        fetched(site, tmp_path, tox21, progress=interrupt)
    assert names(tmp_path) == ["tox21.csv.gz.part", "tox21.csv.gz.part.json"]
    there = part.stat().st_size
    assert 0 < there < len(CONTENT)
    assert fetched(site, tmp_path, tox21).read_bytes() == CONTENT
    assert site.requests == [None, f"bytes={there}-"]
    assert names(tmp_path) == ["tox21.csv.gz", "tox21.json"]


def interrupt(there: int, total: int | None) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    "habits",
    [
        {},
        {"honors_if_range": False},
        {"tag": False, "modified": "Mon, 01 Jan 2024 00:00:00 GMT"},
        {"ranges": False},
        {"tag": False},
    ],
)
def test_a_file_that_changed_in_between_is_fetched_anew(
    tmp_path: Path, tox21: Recipe, habits: dict[str, object]
) -> None:
    with serve(Site(CONTENT, **habits)) as site:  # type: ignore[arg-type]
        with pytest.raises(KeyboardInterrupt):
            fetched(site, tmp_path, tox21, progress=interrupt)
        site.content = OTHER
        site.modified = site.modified and "Tue, 02 Jan 2024 00:00:00 GMT"
        assert fetched(site, tmp_path, tox21).read_bytes() == OTHER


def test_a_part_longer_than_the_file_is_dropped(site: Site, tmp_path: Path) -> None:
    part = tmp_path / "file.part"
    part.write_bytes(CONTENT + b"more")
    url = f"{site.url}/file"
    Path(f"{part}.json").write_text(json.dumps({"url": url, "validator": site.etag}))
    download(url, part, 10_000_000, pause_s=0.001)
    assert part.read_bytes() == CONTENT
    assert site.requests == [f"bytes={len(CONTENT) + 4}-", None]


def test_a_server_without_ranges_that_breaks_off_is_given_up(
    site: Site, tmp_path: Path, tox21: Recipe
) -> None:
    site.ranges, site.send_at_most = False, 1000
    with pytest.raises(InputError, match=f"ended after 1000 of {len(CONTENT)} bytes"):
        fetched(site, tmp_path, tox21)
    assert len(site.requests) == ATTEMPTS
    site.send_at_most = None
    assert fetched(site, tmp_path, tox21).read_bytes() == CONTENT


def test_temporary_faults_are_waited_out(site: Site, tmp_path: Path, tox21: Recipe) -> None:
    site.failures = [503, 429, 500]
    assert fetched(site, tmp_path, tox21).read_bytes() == CONTENT
    assert len(site.requests) == 4


@pytest.mark.parametrize("status", [403, 404])
def test_a_file_that_is_not_there(site: Site, tmp_path: Path, tox21: Recipe, status: int) -> None:
    site.failures = [status]
    with pytest.raises(InputError, match=rf"/tox21\.csv\.gz: the server answers {status}"):
        fetched(site, tmp_path, tox21)
    assert len(site.requests) == 1
    assert names(tmp_path) == []


def test_no_server(tmp_path: Path, tox21: Recipe) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # taken, and nobody listens
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
        with pytest.raises(InputError, match=r"no download in 5 attempts: .*refused"):
            fetch(tox21, tmp_path, base_url=url, pause_s=0.001)


def test_a_full_disk(site: Site, tmp_path: Path, tox21: Recipe) -> None:
    full = pytest.raises(InputError, match=r"part: cannot be written: File too large")
    with files_of_at_most(300_000), full:
        fetched(site, tmp_path, tox21)
    assert len(site.requests) == 1
    assert fetched(site, tmp_path, tox21).read_bytes() == CONTENT


def test_a_link_in_the_way_is_not_followed(site: Site, tmp_path: Path, tox21: Recipe) -> None:
    (tmp_path / "mine").write_text("dear to me")
    (tmp_path / "tox21.csv.gz.part").symlink_to(tmp_path / "mine")
    with pytest.raises(InputError, match=r"part: cannot be written: .*symbolic links"):
        fetched(site, tmp_path, tox21)
    assert (tmp_path / "mine").read_text() == "dear to me"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"<html>busy</html", "not the table that was expected: Not a gzipped file"),
        (CONTENT[:-9], "not the table that was expected: Compressed file ended"),
        (CONTENT[:-9] + bytes(9), "not the table that was expected"),
        (gzip.compress(b"smiles,mol_id,NR-AR\nC,1,0\n"), "line 1: columns smiles, mol_id and 12 "),
        (gzip.compress(b""), "line 1: columns smiles, mol_id and 12 assays expected, found ''"),
        (gzip.compress(b"\xff\xfe"), "not the table that was expected: .*utf-8"),
        (table(recipe("tox21"), 7830), "7,831 to 8,014 rows expected, 7,830 found"),
        (table(recipe("tox21"), 8015), "7,831 to 8,014 rows expected, 8,015 found"),
        (gzip.compress(gzip.decompress(CONTENT) + b"C,1"), "line 7833: 14 columns expected, 2 fo"),
        (gzip.compress(bytes(11_000_000)), "at most 10 MB of text expected"),
        (bytes(2_000_001), "at most 2,000,000 bytes expected, and it has 2,000,001"),
    ],
)
@pytest.mark.parametrize("force", [False, True])
def test_a_wrong_answer_leaves_nothing(
    site: Site, tmp_path: Path, tox21: Recipe, answer: bytes, message: str, force: bool
) -> None:
    site.content = answer
    with pytest.raises(InputError, match=message):
        fetched(site, tmp_path, tox21, force=force)
    assert names(tmp_path) == []


def test_a_size_that_is_not_announced_is_watched(site: Site, tmp_path: Path, tox21: Recipe) -> None:
    site.content, site.announces = bytes(3_000_000), False
    with pytest.raises(InputError, match="at most 2,000,000 bytes expected"):
        fetched(site, tmp_path, tox21)
    assert names(tmp_path) == []


def test_a_checksum_that_is_given_is_enforced(site: Site, tmp_path: Path, tox21: Recipe) -> None:
    wanted = hashlib.sha256(CONTENT).hexdigest()
    for other in ("abc", wanted[:-1] + "g"):
        with pytest.raises(ConfigError, match="64 hexadecimal digits"):
            fetched(site, tmp_path, tox21, expected_sha256=other)
    with pytest.raises(InputError, match=f"the file has SHA-256 {wanted}, expected 00"):
        fetched(site, tmp_path, tox21, expected_sha256="0" * 64)
    assert names(tmp_path) == []
    fetched(site, tmp_path, tox21, expected_sha256=wanted.upper())
    with pytest.raises(InputError, match="the file has SHA-256"):
        fetched(site, tmp_path, tox21, expected_sha256="0" * 64)


def test_a_server_that_drips_is_given_up(site: Site, tmp_path: Path, tox21: Recipe) -> None:
    site.drips = True
    slow = Limits(stall_s=0.05, least_rate=1e9)
    with pytest.raises(InputError, match=r"no download in 5 attempts: \d+ bytes came in 0 s"):
        fetched(site, tmp_path, tox21, limits=slow)
    with pytest.raises(InputError, match=r"the download took longer than 0\.1 s"):
        fetched(site, tmp_path, tox21, limits=Limits(seconds=0.1))
    assert names(tmp_path) == ["tox21.csv.gz.part", "tox21.csv.gz.part.json"]
    site.drips = False
    assert fetched(site, tmp_path, tox21).read_bytes() == CONTENT


def test_one_fetch_at_a_time(site: Site, tmp_path: Path, tox21: Recipe) -> None:
    with locked(tmp_path / "tox21.csv.gz"), pytest.raises(OutputError, match="is being written"):
        fetched(site, tmp_path, tox21)
    assert site.requests == []


def test_a_folder_that_cannot_be_made(site: Site, tmp_path: Path, tox21: Recipe) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be made"):
        fetched(site, tmp_path / "file" / "folder", tox21)
