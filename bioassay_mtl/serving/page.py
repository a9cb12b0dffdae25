"""The page and its assets: files of this package, served as they are."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import Response

import bioassay_mtl.report as report

_OWN = Path(__file__).parent / "assets"
_REPORT = Path(report.__file__).parent / "assets"
ASSETS = {
    "/": (_OWN / "page.html", "text/html"),
    "/assets/serve.css": (_OWN / "serve.css", "text/css"),
    "/assets/serve.js": (_OWN / "serve.js", "text/javascript"),
    "/assets/report.css": (_REPORT / "page.css", "text/css"),
    "/favicon.ico": (_OWN / "icon.svg", "image/svg+xml"),
}
"""Files of the page by path; the looks are those of reports."""


def add_page(app: FastAPI) -> None:
    """Let an application serve them."""

    async def served(content: bytes, kind: str) -> Response:
        return Response(content, media_type=f"{kind}; charset=utf-8")

    for path, (file, kind) in ASSETS.items():
        found = partial(served, file.read_bytes(), kind)
        app.add_api_route(path, found, methods=["GET"], include_in_schema=False)
