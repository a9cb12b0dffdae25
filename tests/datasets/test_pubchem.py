"""Assays are described from a PUG REST server, as far as it answers, and asked for once."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from bioassay_mtl.datasets.pubchem import Fetched, aid_of, cache_folder, fetch_assays, page_of
from tests.datasets.pubchem_server import PubChem, serve


@pytest.fixture
def site() -> Iterator[PubChem]:
    with serve() as found:
        yield found


def fetched(site: PubChem, cache: Path, *aids: int) -> Fetched:
    return fetch_assays(aids, server=site.url, cache=cache, timeout_s=5, pause_s=0)


def test_names_targets_genes_and_accessions(site: PubChem, tmp_path: Path) -> None:
    found = fetched(site, tmp_path, 1030, 1379, 720504)
    assert not found.missing
    assert found.found[1030] == {
        "name": "qHTS Assay for Inhibitors of Aldehyde Dehydrogenase 1 (ALDH1A1)",
        "target": "aldehyde dehydrogenase 1A1 [Homo sapiens]",
        "gene": "ALDH1A1",
        "uniprot": "P00352",
    }
    assert found.found[1379] == {
        "name": "Luciferase profiling assay",
        "target": "",
        "gene": "",
        "uniprot": "",
    }
    assert found.found[720504]["uniprot"] == ""  # another database's accession
    assert len(site.asked) == 2


def test_answers_are_kept(site: PubChem, tmp_path: Path) -> None:
    first = fetched(site, tmp_path / "cache", 1030, 1379)
    asked = len(site.asked)
    assert fetched(site, tmp_path / "cache", 1379, 1030) == first
    assert len(site.asked) == asked
    (tmp_path / "cache" / "1030.json").write_text("[")
    assert fetched(site, tmp_path / "cache", 1379, 1030) == first


def test_what_the_server_does_not_know_is_told_and_the_rest_kept(
    site: PubChem, tmp_path: Path
) -> None:
    found = fetched(site, tmp_path, 1030, 7, 1379)
    assert set(found.found) == {1030, 1379}
    assert found.missing == {7: "the server answers 404"}


def test_a_busy_server_is_asked_again(site: PubChem, tmp_path: Path) -> None:
    site.failures = [503, 503]
    assert set(fetched(site, tmp_path, 1030).found) == {1030}
    site.failures = [503] * 3
    assert fetched(site, tmp_path, 1379).missing == {1379: "the server answers 503"}


@pytest.mark.parametrize("says", [b"<html>", b"[]", b'{"Fault": {}}'])
def test_other_answers_describe_nothing(site: PubChem, tmp_path: Path, says: bytes) -> None:
    site.says = says
    found = fetched(site, tmp_path, 1030, 1379)
    assert not found.found
    assert set(found.missing) == {1030, 1379}
    assert not list(tmp_path.iterdir())


def test_without_a_network_what_is_kept_is_used(site: PubChem, tmp_path: Path) -> None:
    fetched(site, tmp_path, 1030)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{free.getsockname()[1]}"
        aids = [1030, *range(1, 120)]
        found = fetch_assays(aids, server=nowhere, cache=tmp_path, timeout_s=2, pause_s=0)
    assert set(found.found) == {1030}
    assert len(found.missing) == 119
    assert "refused" in found.missing[1]


def test_a_cache_that_cannot_be_written_is_done_without(site: PubChem, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert set(fetched(site, tmp_path / "file", 1030).found) == {1030}


@pytest.mark.parametrize(
    ("assay", "expected"),
    [("PCBA-1030", 1030), ("AID 2147", 2147), ("aid_5", 5), ("77", 77)]
    + [(other, None) for other in ("IC50", "NR-AR", "1030 nM", "", "PCBA-")],
)
def test_identifiers_with_an_aid(assay: str, expected: int | None) -> None:
    assert aid_of(assay) == expected


def test_the_cache_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "bioassay_mtl" / "pubchem"
    assert page_of(9) == "https://pubchem.ncbi.nlm.nih.gov/bioassay/9"
