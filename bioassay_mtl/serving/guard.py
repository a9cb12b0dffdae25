"""Around the application: who may ask, how much, how long; what browsers may do with answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bioassay_mtl.serving.options import HELD_AT_ONCE, ServeOptions
from bioassay_mtl.serving.refusals import Refusal, busy, too_large

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}
GRACE = 5.0
"""Seconds beyond a request's time in which its answer may still be taken."""

_DRAINED = 8
"""Multiple of the limit up to which what is too large is read and dropped, so that its sender can
hear why it is refused."""


class Guard:
    """Lets in what may come in.

    Parameters
    ----------
    app
        The application.
    options
        Limits, and the address.
    """

    def __init__(self, app: ASGIApp, options: ServeOptions) -> None:
        self._app, self._options = app, options
        self._n = self._n_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        send = _with_headers(send)
        headers = Headers(scope=scope)
        try:
            check_origin(headers, self._options)
            if scope["method"] in ("GET", "HEAD"):
                await self._app(scope, receive, send)
            else:
                await self._admit(scope, receive, send, headers)
        except Refusal as refusal:
            await send_refusal(refusal, send)

    async def _admit(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        most = self._options.max_bytes
        size = min(announced(headers, most), most)
        room = self._n_bytes + size <= HELD_AT_ONCE * most
        if self._n >= self._options.queue or not room:
            raise busy(self._n)
        self._n, self._n_bytes = self._n + 1, self._n_bytes + size
        try:
            body = await self._body(receive, most)
            if body is not None:
                await self._answer(scope, body, receive, send)
        finally:
            self._n, self._n_bytes = self._n - 1, self._n_bytes - size

    async def _body(self, receive: Receive, most: int) -> bytes | None:
        """All of it; None where who sends it has gone."""
        try:
            return await asyncio.wait_for(_read(receive, most), self._options.timeout)
        except asyncio.TimeoutError:
            raise Refusal(
                408, f"not all was sent within {self._options.timeout:g} seconds"
            ) from None

    async def _answer(self, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
        """Run the application until it is done, its time is over, or whoever asked has gone."""
        app = asyncio.ensure_future(self._app(scope, _replayed(body), send))
        gone = asyncio.ensure_future(_until_gone(receive))
        try:
            until = asyncio.FIRST_COMPLETED
            limit = self._options.timeout + GRACE
            done, _ = await asyncio.wait({app, gone}, timeout=limit, return_when=until)
            if app in done:
                app.result()
        finally:
            for task in (app, gone):
                task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(app, gone, return_exceptions=True)


def check_origin(headers: Headers, options: ServeOptions) -> None:
    """Let no page of another origin ask, be it under a name that leads here.

    Raises
    ------
    Refusal
        The request is for another host, or from another origin.
    """
    host = headers.get("host", "")
    if options.is_local and _name(host) not in options.names:
        known = ", ".join(options.names)
        raise Refusal(403, f"this server is asked for as {host[:100]!r}: it answers to {known}")
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    navigates = headers.get("sec-fetch-mode") == "navigate"
    foreign = origin is not None and urlsplit(origin).netloc != host
    if foreign or (site in ("cross-site", "same-site") and not navigates):
        raise Refusal(403, "pages of other origins may not ask this server")


def announced(headers: Headers, most: int) -> int:
    """The size of the body as the request has it, or the largest one that may be.

    Raises
    ------
    Refusal
        It is no number.
    """
    text = headers.get("content-length")
    if text is None:
        return most
    if not (text.isascii() and text.isdecimal()):
        raise Refusal(400, "content-length: a number is expected")
    return int(text)


async def send_refusal(refusal: Refusal, send: Send) -> None:
    """Answer with what a request is refused for."""
    body = json.dumps({"error": {"status": refusal.status, "message": str(refusal)}}).encode()
    again = [(b"retry-after", b"2")] if refusal.status == 503 else []
    kind = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send(
        {"type": "http.response.start", "status": refusal.status, "headers": [*kind, *again]}
    )
    await send({"type": "http.response.body", "body": body})


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


async def _read(receive: Receive, most: int) -> bytes | None:
    parts, size = list[bytes](), 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part = message.get("body", b"")
        size += len(part)
        if size <= most:
            parts.append(part)
        else:
            parts.clear()
        is_over = not message.get("more_body", False)
        if size > most and (is_over or size > _DRAINED * most):
            raise too_large(most)
        if is_over:
            return b"".join(parts)


def _replayed(body: bytes) -> Receive:
    """A body that is there already; behind it nothing comes."""
    parts: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if not parts:
            await asyncio.Event().wait()
        return parts.pop()

    return receive


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _with_headers(send: Send) -> Send:
    own: Iterable[Any] = [(name.encode(), value.encode()) for name, value in HEADERS.items()]

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *own]}
        await send(message)

    return sending
