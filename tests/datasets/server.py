"""A real web server on this machine, with the habits of servers elsewhere."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass
class Site:
    """What the server holds and how it behaves.

    Parameters
    ----------
    content
        The file, the same at each path.
    ranges
        Whether it can send a part.
    honors_if_range
        Whether it looks at the file's identity first.
    tag, modified
        How it identifies the file.
    send_at_most
        Bytes after which each answer breaks off.
    announces
        Whether it tells the length.
    drips
        Whether it sends little by little, and never ends.
    failures
        Statuses of the next answers.
    requests
        The ``Range`` header of each request so far.
    """

    content: bytes
    ranges: bool = True
    honors_if_range: bool = True
    tag: bool = True
    modified: str | None = None
    send_at_most: int | None = None
    announces: bool = True
    drips: bool = False
    failures: list[int] = field(default_factory=list)
    requests: list[str | None] = field(default_factory=list)
    url: str = ""

    @property
    def etag(self) -> str:
        return f'"{hashlib.md5(self.content).hexdigest()}"'


@contextmanager
def serve(site: Site) -> Iterator[Site]:
    """Serve until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            site.requests.append(asked)
            if site.failures:
                self.send_error(site.failures.pop(0))
                return
            start = 0
            same = self.headers.get("If-Range") in (site.etag if site.tag else None, site.modified)
            if asked and site.ranges and (same or not site.honors_if_range):
                start = int(asked.removeprefix("bytes=").rstrip("-"))
                if start >= len(site.content):
                    self.send_error(416)
                    return
            body = site.content[start:]
            self.send_response(206 if start else 200)
            if start:
                end = len(site.content)
                self.send_header("Content-Range", f"bytes {start}-{end - 1}/{end}")
            if site.tag:
                self.send_header("ETag", site.etag)
            if site.modified:
                self.send_header("Last-Modified", site.modified)
            if site.announces:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(ConnectionError):
                if site.drips:
                    self.drip(body)
                else:
                    self.wfile.write(body[: site.send_at_most])

        def drip(self, body: bytes) -> None:
            for at in range(len(body)):
                self.wfile.write(body[at : at + 1])
                self.wfile.flush()
                time.sleep(0.01)
                if not site.drips:
                    return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.url = f"http://127.0.0.1:{server.server_port}/datasets"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
