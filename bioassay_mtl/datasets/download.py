"""One file over HTTP: streamed, resumed after an interruption, renamed when whole."""

from __future__ import annotations

import http.client
import json
import logging
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from bioassay_mtl._version import __version__
from bioassay_mtl.errors import InputError
from bioassay_mtl.files import write_whole

logger = logging.getLogger(__name__)

Progress = Callable[[int, "int | None"], None]
"""Called with the bytes that are there and the bytes in all (None where unknown)."""

ATTEMPTS = 5
_CHUNK_BYTES = 1 << 18
_TEMPORARY_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Limits:
    """Limits of the time that a download may take.

    Parameters
    ----------
    seconds
        Seconds in all, over all attempts.
    stall_s
        Seconds without a byte after which an attempt is given up.
    least_rate
        Bytes a second over any `stall_s`, below which an attempt is given up.
    """

    seconds: float = 3600.0
    stall_s: float = 30.0
    least_rate: float = 100.0


def download(
    url: str,
    part: Path,
    most: int,
    *,
    limits: Limits | None = None,
    progress: Progress | None = None,
    pause_s: float = 1.0,
) -> None:
    """Bring the file at `url` to `part`, continuing what is there from an earlier attempt.

    A part is continued only where the server says that the file is still the same (a strong
    ``ETag``, else ``Last-Modified``, asked with ``If-Range``); otherwise the download starts again.

    Parameters
    ----------
    url
        Address.
    part
        File to download to; its identity is kept beside it, in ``<part>.json``, until the download
        is whole.
    most
        Bytes that the file may have.
    limits
        Limits of time.
    progress
        Callback for each piece.
    pause_s
        Pause before the second attempt, doubled for each further one. Only attempts that bring
        nothing new, or too slowly, count; there are `ATTEMPTS`.

    Raises
    ------
    InputError
        If the file is not there or too large, the server cannot be reached or takes too long, or
        the disk is full. What was brought stays for the next attempt, unless it is too large.
    """
    watch = _Watch(url, part, most, limits or Limits(), progress)
    furthest, failures = _size(part), 0
    while (fault := _attempt(url, part, watch)) is not None:
        is_new = _size(part) > furthest and not isinstance(fault, TooSlowError)
        failures = 1 if is_new else failures + 1
        furthest = max(furthest, _size(part))
        if failures >= ATTEMPTS:
            raise InputError(
                f"no download in {ATTEMPTS} attempts: {getattr(fault, 'reason', fault)}",
                file=url,
                hint="the next attempt continues where this one ended",
            )
        logger.info("%s: %s; trying again", url, fault)
        watch.check_time()
        time.sleep(pause_s * 2 ** (failures - 1))
    _identity_path(part).unlink(missing_ok=True)


class TooSlowError(ConnectionError):
    """A server that sends less than can be waited for."""


class _Watch:
    """Keeps a download within its limits."""

    def __init__(
        self, url: str, part: Path, most: int, limits: Limits, progress: Progress | None
    ) -> None:
        self.url, self.part, self.most, self.limits = url, part, most, limits
        self.progress = progress
        self._end = time.monotonic() + limits.seconds
        self.begin()

    def begin(self) -> None:
        """An attempt begins."""
        self._since, self._brought = time.monotonic(), 0

    def brought(self, n_bytes: int, there: int, total: int | None) -> None:
        """Some bytes have come: `there` are there now, of `total` if that is known."""
        self.check_time()
        self.check_size(there)
        self._brought += n_bytes
        passed = time.monotonic() - self._since
        if passed > self.limits.stall_s:
            if self._brought < passed * self.limits.least_rate:
                raise TooSlowError(f"{self._brought} bytes came in {passed:.0f} s")
            self.begin()
        if self.progress is not None:
            self.progress(there, total)

    def check_time(self) -> None:
        """Raise an InputError where the time is over."""
        if time.monotonic() > self._end:
            raise InputError(
                f"the download took longer than {self.limits.seconds:g} s",
                file=self.url,
                hint="the next attempt continues where this one ended",
            )

    def check_size(self, n_bytes: int | None) -> None:
        """Raise an InputError where the file is too large; nothing of it stays."""
        if n_bytes is not None and n_bytes > self.most:
            self.part.unlink(missing_ok=True)
            _identity_path(self.part).unlink(missing_ok=True)
            raise InputError(
                f"at most {self.most:,} bytes expected, and it has {n_bytes:,} or more",
                file=self.url,
            )


def _attempt(url: str, part: Path, watch: _Watch) -> Exception | None:
    """Error of one attempt, where another may help."""
    watch.begin()
    try:
        _continue(url, part, watch)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in _TEMPORARY_STATUS:
            return error
        raise InputError(f"the server answers {error.code} {error.reason}", file=url) from None
    except (OSError, http.client.HTTPException) as error:
        return error
    return None


def _continue(url: str, part: Path, watch: _Watch) -> None:
    """One attempt; any network fault is raised as it is, a short answer too."""
    request = urllib.request.Request(url, headers={"User-Agent": f"bioassay-mtl/{__version__}"})
    known = _read_identity(part, url)
    there = _size(part) if known else 0
    if there:
        request.add_header("Range", f"bytes={there}-")
        request.add_header("If-Range", str(known))
    try:
        response = urllib.request.urlopen(request, timeout=watch.limits.stall_s)
    except urllib.error.HTTPError as error:
        # 416: the part is longer than the file, so it is another file's.
        if error.code != 416:
            raise
        error.close()
        raise _changed(part) from None
    with response:
        start, total = _extent(response)
        watch.check_size(total)
        if start and (start != there or _validator(response) not in (known, None)):
            raise _changed(part)
        with _writing(part):
            if start == 0:
                _write_identity(part, url, response)
            stream = _opened(part, start)
        with stream:
            there = start
            while chunk := response.read1(_CHUNK_BYTES):  # what there is, be it little
                with _writing(part):
                    stream.write(chunk)
                    stream.flush()
                there += len(chunk)
                watch.brought(len(chunk), there, total)
            with _writing(part):
                os.fsync(stream.fileno())
    if total is not None and there != total:
        raise ConnectionError(f"the connection ended after {there} of {total} bytes")


def _opened(part: Path, start: int) -> BinaryIO:
    """The part, to go on or to begin anew; a link that is laid there is not followed."""
    flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if start else os.O_TRUNC)
    unfollowed = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(part, flags | unfollowed, 0o666), "wb")


def _extent(response: Any) -> tuple[int, int | None]:
    """First byte of the answer, and the bytes of the whole file."""
    if response.status == 206:
        span, _, total = response.headers.get("Content-Range", "").partition("/")
        first = span.removeprefix("bytes ").partition("-")[0]
        if not (first.isdecimal() and total.isdecimal()):
            raise ConnectionError("the server sends a part and does not say which")
        return int(first), int(total)
    length = response.headers.get("Content-Length", "")
    return 0, int(length) if length.isdecimal() else None


def _identity_path(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _validator(response: Any) -> str | None:
    """Header that identifies the file byte by byte; a weak tag (``W/...``) does not."""
    tag = response.headers.get("ETag", "")
    found: str | None = tag if tag.startswith('"') else response.headers.get("Last-Modified")
    return found


def _write_identity(part: Path, url: str, response: Any) -> None:
    held = {"url": url, "validator": _validator(response)}
    write_whole(_identity_path(part), json.dumps(held))


def _changed(part: Path) -> ConnectionError:
    """Forget what the part is of, so that the next attempt starts again."""
    _identity_path(part).unlink(missing_ok=True)
    return ConnectionError("the file has changed")


def _read_identity(part: Path, url: str) -> str | None:
    """Identity by the server of the file whose part this is; None if it cannot be continued."""
    try:
        held = json.loads(_identity_path(part).read_text())
        return str(held["validator"] or "") or None if held["url"] == url else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Faults of the disk are the user's, not the network's."""
    try:
        yield
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", file=path) from None
