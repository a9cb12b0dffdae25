"""One file over HTTP: streamed, resumed after an interruption, renamed when whole."""

from __future__ import annotations

import http.client
import json
import logging
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bioassay_mtl._version import __version__
from bioassay_mtl.errors import InputError

logger = logging.getLogger(__name__)

Progress = Callable[[int, "int | None"], None]
"""Called with the bytes that are there and the bytes in all (None where unknown)."""

ATTEMPTS = 5
_CHUNK_BYTES = 1 << 18
_TIMEOUT_S = 30.0
_TEMPORARY_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})


def download(
    url: str, part: Path, *, progress: Progress | None = None, pause_s: float = 1.0
) -> None:
    """Bring the file at `url` to `part`, continuing what is there from an earlier attempt.

    A part is continued only where the server says that the file is still the same (a strong
    ``ETag``, else ``Last-Modified``, asked with ``If-Range``); otherwise the download starts again.

    Parameters
    ----------
    url
        Address.
    part
        Where to; its identity is kept beside it, in ``<part>.json``, until the download is whole.
    progress
        Told of each piece.
    pause_s
        Pause before the second attempt, doubled for each further one. Only attempts that bring
        nothing new count; there are `ATTEMPTS`.

    Raises
    ------
    InputError
        Where the file is not there, the server cannot be reached, or the disk is full. What was
        brought stays for the next attempt.
    """
    furthest, failures = _size(part), 0
    while (fault := _attempt(url, part, progress)) is not None:
        failures = 1 if _size(part) > furthest else failures + 1
        furthest = max(furthest, _size(part))
        if failures >= ATTEMPTS:
            raise InputError(
                f"no download in {ATTEMPTS} attempts: {getattr(fault, 'reason', fault)}",
                file=url,
                hint="the next attempt continues where this one ended",
            )
        logger.info("%s: %s; trying again", url, fault)
        time.sleep(pause_s * 2 ** (failures - 1))
    _identity_path(part).unlink(missing_ok=True)


def _attempt(url: str, part: Path, progress: Progress | None) -> Exception | None:
    """What came between, where another attempt may help."""
    try:
        _continue(url, part, progress)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in _TEMPORARY_STATUS:
            return error
        raise InputError(f"the server answers {error.code} {error.reason}", file=url) from None
    except (OSError, http.client.HTTPException) as error:
        return error
    return None


def _continue(url: str, part: Path, progress: Progress | None) -> None:
    """One attempt; any network fault is raised as it is, a short answer too."""
    request = urllib.request.Request(url, headers={"User-Agent": f"bioassay-mtl/{__version__}"})
    known = _read_identity(part, url)
    there = _size(part) if known else 0
    if there:
        request.add_header("Range", f"bytes={there}-")
        request.add_header("If-Range", str(known))
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        # 416: the part is longer than the file, so it is another file's.
        if error.code != 416:
            raise
        error.close()
        raise _changed(part) from None
    with response:
        start, total = _extent(response)
        if start and (start != there or _validator(response) not in (known, None)):
            raise _changed(part)
        with _writing(part):
            if start == 0:
                _write_identity(part, url, response)
            stream = part.open("ab" if start else "wb")
        with stream:
            there = start
            while chunk := response.read(_CHUNK_BYTES):
                with _writing(part):
                    stream.write(chunk)
                    stream.flush()
                there += len(chunk)
                if progress is not None:
                    progress(there, total)
    if total is not None and there != total:
        raise ConnectionError(f"the connection ended after {there} of {total} bytes")


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
    """What identifies the file byte by byte; a weak tag (``W/...``) does not."""
    tag = response.headers.get("ETag", "")
    found: str | None = tag if tag.startswith('"') else response.headers.get("Last-Modified")
    return found


def _write_identity(part: Path, url: str, response: Any) -> None:
    held = {"url": url, "validator": _validator(response)}
    _identity_path(part).write_text(json.dumps(held))


def _changed(part: Path) -> ConnectionError:
    """Forget what the part is of, so that the next attempt starts again."""
    _identity_path(part).unlink(missing_ok=True)
    return ConnectionError("the file has changed")


def _read_identity(part: Path, url: str) -> str | None:
    """What the server called the file whose part this is; None where it cannot be continued."""
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
