"""What is not served is refused in one line, and the server goes on."""

from __future__ import annotations

import gzip
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from bioassay_mtl.errors import MissingExtraError
from tests.conftest import Run
from tests.hard import complete
from tests.serving.conftest import Served, Start

JSON = {"content-type": "application/json"}
MALFORMED: dict[str, tuple[str, dict[str, str], bytes, int, str]] = {
    "no json": ("/api/predict", JSON, b"{", 422, "JSON"),
    "no utf-8": ("/api/predict", JSON, b'{"smiles": ["\xff"]}', 400, "body"),
    "no object": ("/api/predict", JSON, b'["CCO"]', 422, "body"),
    "no molecules": ("/api/predict", JSON, b'{"smiles": []}', 422, "smiles"),
    "no texts": ("/api/predict", JSON, b'{"smiles": [1, null]}', 422, "smiles.0"),
    "unknown key": ("/api/predict", JSON, b'{"smiles": ["C"], "assay": ["x"]}', 422, "assay"),
    "few ids": ("/api/predict", JSON, b'{"smiles": ["C", "N"], "ids": ["a"]}', 422, "2 are exp"),
    "unknown assay": ("/api/screen?assays=nothing+like", {}, b"CCO", 422, "no assay"),
    "unknown annotator": ("/api/screen?beside=luck", {}, b"CCO", 422, "known: "),
    "unknown format": ("/api/screen?format=pdf", {}, b"CCO", 422, "format"),
    "empty file": ("/api/screen", {}, b"", 422, "the file is empty"),
    "binary file": ("/api/screen", {}, b"\x00\x01\x02\x03" * 100, 422, "binary"),
    "packed file": ("/api/screen", {}, gzip.compress(b"CCO\n"), 415, "unpack"),
    "workbook": ("/api/screen?name=a.xlsx", {}, b"PK\x03\x04", 415, ".xlsx"),
    "no structures": ("/api/screen?name=a.csv", {}, b"a,b\n1,2\n", 422, "SMILES"),
    "open quote": ("/api/screen?name=a.csv", {}, b'smiles\n"CCO\n', 422, "not closed"),
    "markup": ("/api/screen?name=a.csv", {}, b"<html><body>", 422, "HTML"),
    "no drawings": ("/api/drawings", JSON, b'{"smiles": "CCO"}', 422, "smiles"),
    "no such place": ("/api/nothing", {}, b"", 404, "Not Found"),
}


def goes_on(server: Served, content: bytes = b"CCO") -> bool:
    """Whether it serves; one of little patience may need a new worker first."""
    table = {"format": "csv"}
    posts = (server.client.post("/api/screen", params=table, content=content) for _ in range(20))
    return any(answer.status_code == 200 for answer in posts)


@pytest.mark.parametrize("kind", MALFORMED)
def test_malformed_requests(server: Served, kind: str) -> None:
    path, headers, content, status, words = MALFORMED[kind]
    answer = server.client.post(path, headers=headers, content=content)
    assert answer.status_code == status
    message = answer.json()["error"]["message"]
    assert words in message
    assert "\n" not in message
    assert "Traceback" not in server.log.read_text()
    assert server.client.get("/health").status_code == 200


@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense\r\n\r\n",
        b"POST /api/screen HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
        b"POST /api/screen HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET /" + b"a" * 200_000,
    ],
)
def test_what_is_hardly_http_is_refused(server: Served, raw: bytes) -> None:
    host, port = server.address.removeprefix("http://").rstrip("/").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as wire:
        wire.sendall(raw)
        assert wire.recv(100).split()[1] in (b"400", b"403")
    assert server.client.get("/health").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},  # a name that leads here, as in DNS rebinding
        {"host": "evil.example:80"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:1"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/model", "/api/screen"])
def test_other_origins_may_not_ask(server: Served, headers: dict[str, str], path: str) -> None:
    method = "POST" if path == "/api/screen" else "GET"
    answer = server.client.request(method, path, headers=headers, content="CCO")
    assert answer.status_code == 403
    assert answer.json()["error"]["status"] == 403
    assert "access-control-allow-origin" not in answer.headers


def test_own_pages_and_links_may(server: Served) -> None:
    own = {"origin": server.address.rstrip("/"), "sec-fetch-site": "same-origin"}
    assert server.client.post("/api/screen", headers=own, content="CCO").status_code == 200
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert server.client.get("/", headers=link).status_code == 200


def test_every_answer_has_a_policy(server: Served) -> None:
    asked = [server.client.get(path) for path in ("/", "/api", "/openapi.json", "/nothing")]
    asked.append(server.client.get("/", headers={"host": "evil.example"}))
    for answer in asked:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"


def too_much() -> dict[str, Any]:
    chunks = (b"CCO\n" * 100 for _ in range(100))
    return {
        "announced": {"content": b"CCO\n" * 10_000},
        "in chunks": {"content": chunks},
        "records": {"content": b"C\n" * 51},
    }


@pytest.mark.parametrize("kind", ["announced", "in chunks", "records"])
def test_too_much_is_refused(strict: Served, kind: str) -> None:
    answer = strict.client.post("/api/screen", **too_much()[kind])
    assert answer.status_code == 413
    assert "more than" in answer.json()["error"]["message"]
    assert goes_on(strict, b"C\n" * 50)


def test_too_many_listed_are_refused(strict: Served) -> None:
    answer = strict.client.post("/api/predict", json={"smiles": ["C"] * 51})
    assert answer.status_code == 413


@pytest.mark.slow
@pytest.mark.soak
def test_molecules_that_hang_end_with_their_request(strict: Served) -> None:
    hang = "\n".join([complete(40)] * 3 + ["C"])
    said = strict.client.post("/api/screen", content=hang).text.splitlines()
    last = json.loads(said[-1])
    assert (last["event"], last["status"]) == ("error", 504)
    whole = strict.client.post("/api/screen", params={"format": "csv"}, content=hang)
    assert (whole.status_code, "row" in whole.text[:4]) == (504, False)
    assert goes_on(strict)


def test_when_busy_it_says_so_and_bodies_that_never_end_are_given_up(strict: Served) -> None:
    host, port = strict.address.removeprefix("http://").rstrip("/").split(":")
    head = f"POST /api/screen HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1000\r\n"
    wires = [socket.create_connection((host, int(port)), timeout=60) for _ in range(2)]
    for wire in wires:
        wire.sendall(f"{head}Expect: 100-continue\r\n\r\n".encode())
        assert wire.recv(100).split()[1] == b"100"  # it waits for the body
    busy = strict.client.post("/api/screen", content="CCO")
    assert busy.status_code == 503
    assert int(busy.headers["retry-after"]) > 0
    assert "wait already" in busy.json()["error"]["message"]
    assert strict.client.get("/health").status_code == 200
    for wire in wires:
        with wire:
            assert wire.recv(100).split()[1] == b"408"
    assert goes_on(strict)


@pytest.mark.soak
def test_work_for_who_has_gone_is_called_off(start: Start) -> None:
    """A worker, and a turn; what is left would take longer than the next request waits."""
    hang = "\n".join([complete(40)] * 1000)
    with start("--at-once", 1, "--molecule-timeout", 0.5, "--timeout", 10_000) as served:
        with served.client.stream("POST", "/api/screen", content=hang) as told:
            assert next(told.iter_lines()).startswith('{"event": "start"')
        answer = served.client.post("/api/predict", json={"smiles": ["CCO"]})
        assert [row["status"] for row in answer.json()["rows"]] == ["ok"]


@pytest.mark.parametrize(
    ("option", "value"), [("--port", 70000), ("--timeout", 0), ("--queue", 0), ("--host", "nohost")]
)
def test_options_are_obeyed_or_refused(cli: Run, folder: Path, option: str, value: object) -> None:
    done = cli("serve", "--model", folder, "--port", 0, option, value)
    assert done.code == 2
    assert done.err.startswith("error: ")


def test_without_the_extra_the_line_that_brings_it_is_told(
    cli: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "uvicorn", None)
    done = cli("serve", "--port", 0)
    assert done.code == 2
    assert "uvicorn is not installed: pip install 'bioassay-mtl[serve]'" in done.err
    assert MissingExtraError("uvicorn", "serve").args[0] in done.err
