"""PUG REST on this machine: a few assays, in the form of PubChem's answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

ASSAYS: dict[int, dict[str, Any]] = {
    1030: {
        "Name": "qHTS Assay for Inhibitors of Aldehyde Dehydrogenase 1 (ALDH1A1)",
        "Target": [
            {"Name": "aldehyde dehydrogenase 1A1 [Homo sapiens]", "Accession": "P00352.2"},
        ],
    },
    1379: {"Name": "Luciferase   profiling\nassay"},
    720504: {"Name": "PLK1 screen", "Target": [{"Name": "PLK1", "Accession": "NP_005021"}]},
}
GENES = {1030: ["ALDH1A1"], 720504: ["PLK1"]}


@dataclass
class PubChem:
    """Parameters: statuses of the next answers, and what is asked for."""

    url: str = ""
    failures: list[int] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    says: bytes | None = None


@contextmanager
def serve() -> Iterator[PubChem]:
    """Serve until the block ends."""
    site = PubChem()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            site.asked.append(self.path)
            if site.failures:
                self.send_error(site.failures.pop(0))
                return
            _, domain, _, numbers, operation, *_ = self.path.removeprefix("/pug").split("/")
            aids = [int(each) for each in numbers.split(",")]
            known = [aid for aid in aids if aid in ASSAYS]
            assert domain == "assay"
            if len(known) < len(aids) or (operation == "targets" and not set(aids) & GENES.keys()):
                self.send_error(404)
                return
            if operation == "summary":
                rows = [{"AID": aid, **ASSAYS[aid]} for aid in aids]
                answer: Any = {"AssaySummaries": {"AssaySummary": rows}}
            else:
                rows = [{"AID": aid, "GeneSymbol": GENES.get(aid, [])} for aid in aids]
                answer = {"InformationList": {"Information": rows}}
            body = json.dumps(answer).encode() if site.says is None else site.says
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.url = f"http://127.0.0.1:{server.server_port}/pug"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
