"""A small object store that speaks what Arrow's client of S3 does, in this process."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

DATE = "Sun, 29 Nov 2026 12:00:00 GMT"


class Objects(ThreadingHTTPServer):
    """Objects by their bucket and key."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.held: dict[str, bytes] = {}
        self.uploads: dict[str, dict[int, bytes]] = {}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Objects

    def log_message(self, format: str, *args: object) -> None:
        pass

    @property
    def key(self) -> str:
        return unquote(urlsplit(self.path).path).strip("/")

    @property
    def query(self) -> dict[str, str]:
        found = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        return {name: values[0] for name, values in found.items()}

    def answer(self, code: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(code)
        for name, value in ({"Content_Length": str(len(body))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def body(self) -> bytes:
        """What is sent, out of one or two kinds of chunks."""
        if self.headers.get("Transfer-Encoding") == "chunked":
            raw = self._chunks(self.rfile)
        else:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        is_chunked = "x-amz-decoded-content-length" in self.headers
        return self._chunks(io.BytesIO(raw)) if is_chunked else raw

    def _chunks(self, stream: Any) -> bytes:
        found = b""
        while size := int(stream.readline().split(b";")[0], 16):
            found += stream.read(size)
            stream.readline()
        while stream.readline().strip():
            pass
        return found

    def do_HEAD(self) -> None:
        if "/" not in self.key:
            self.answer(200)
        elif self.key in self.server.held:
            n = len(self.server.held[self.key])
            self.answer(200, Content_Length=str(n), Last_Modified=DATE, ETag='"e"')
        else:
            self.answer(404)

    def do_GET(self) -> None:
        if "list-type" in self.query:
            self._list()
        elif self.key not in self.server.held:
            self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        elif found := re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", "")):
            content = self.server.held[self.key]
            start, end = int(found[1]), min(int(found[2]), len(content) - 1)
            said = f"bytes {start}-{end}/{len(content)}"
            self.answer(206, content[start : end + 1], Content_Range=said, Last_Modified=DATE)
        else:
            self.answer(200, self.server.held[self.key], Last_Modified=DATE)

    def _list(self) -> None:
        prefix = f"{self.key}/{self.query.get('prefix', '')}"
        keys = [key for key in sorted(self.server.held) if key.startswith(prefix)]
        cells = "".join(
            f"<Contents><Key>{key.partition('/')[2]}</Key><Size>{len(self.server.held[key])}</Size>"
            f"<LastModified>2026-11-29T12:00:00Z</LastModified></Contents>"
            for key in keys
        )
        self.answer(
            200,
            f"<ListBucketResult><KeyCount>{len(keys)}</KeyCount><IsTruncated>false</IsTruncated>"
            f"{cells}</ListBucketResult>".encode(),
        )

    def do_PUT(self) -> None:
        body = self.body()
        if "uploadId" in self.query:
            self.server.uploads[self.query["uploadId"]][int(self.query["partNumber"])] = body
        elif "/" in self.key:
            self.server.held[self.key] = body
        self.answer(200, ETag='"e"')

    def do_POST(self) -> None:
        self.body()
        if "uploads" in self.query:
            name = f"u{len(self.server.uploads)}"
            self.server.uploads[name] = {}
            said = f"<InitiateMultipartUploadResult><UploadId>{name}</UploadId>"
            self.answer(200, f"{said}</InitiateMultipartUploadResult>".encode())
            return
        parts = self.server.uploads.pop(self.query["uploadId"])
        self.server.held[self.key] = b"".join(parts[number] for number in sorted(parts))
        self.answer(200, b"<CompleteMultipartUploadResult></CompleteMultipartUploadResult>")

    def do_DELETE(self) -> None:
        if "uploadId" not in self.query:
            self.server.held.pop(self.key, None)
        self.answer(204)


@contextmanager
def object_store() -> Iterator[Objects]:
    """A running store."""
    with Objects() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
