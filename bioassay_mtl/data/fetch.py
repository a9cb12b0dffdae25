"""Fetch a public panel and remember what was fetched."""

from __future__ import annotations

import hashlib
import json
import logging
from datetime import datetime, timezone
from pathlib import Path

from bioassay_mtl.config import Config
from bioassay_mtl.data.download import Progress, download
from bioassay_mtl.data.recipes import Recipe
from bioassay_mtl.errors import ConfigError, InputError

logger = logging.getLogger(__name__)


class Record(Config):
    """What a fetch saw, kept as ``<name>.json`` beside the file."""

    url: str
    sha256: str
    bytes: int
    date: str


def fetch(
    recipe: Recipe,
    folder: str | Path,
    *,
    base_url: str | None = None,
    progress: Progress | None = None,
    force: bool = False,
    pause_s: float = 1.0,
) -> Path:
    """Bring a public panel's file into a folder; a file that is there already is only verified.

    The checksum must be the recipe's. Where the recipe has none, the first fetch records what it
    found in ``<name>.json``, and later ones must find the same.

    Parameters
    ----------
    recipe
        Which panel.
    folder
        Where to; made where it does not exist.
    base_url
        Another address of the folder that holds the file (a mirror).
    progress
        Told of each piece: bytes that are there, and in all (None where unknown).
    force
        Fetch again, and accept a file that differs from the one recorded.
    pause_s
        Pause before the second attempt; see :func:`bioassay_mtl.data.download.download`.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        Where the file cannot be had, or its checksum is wrong.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot be made: {error.strerror}", file=folder) from None
    url = recipe.url if base_url is None else f"{base_url.rstrip('/')}/{recipe.file_name}"
    target, record_path = folder / recipe.file_name, folder / f"{recipe.name}.json"
    record = None if force else _read_record(record_path)
    expected = recipe.sha256 or (record.sha256 if record else None)
    if target.exists() and not force:
        found = sha256_of(target)
        if expected is not None and found != expected:
            raise InputError(
                f"the file is not the one {'published' if recipe.sha256 else 'fetched'}: "
                f"SHA-256 {found}, expected {expected}",
                file=target,
                hint="--force fetches it again",
            )
        if record is None:
            logger.warning("%s was there already; its checksum is recorded now", target)
            _write_record(record_path, url, target, found)
        return target

    part = target.with_name(f"{target.name}.part")
    download(url, part, progress=progress, pause_s=pause_s)
    found = sha256_of(part)
    if expected is not None and found != expected:
        part.unlink()
        raise InputError(
            f"the file has SHA-256 {found}, expected {expected}",
            file=url,
            hint=None if recipe.sha256 else "it has changed since; --force accepts it",
        )
    _write_record(record_path, url, part, found)
    part.replace(target)
    return target


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, as hexadecimal text."""
    state = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            state.update(chunk)
    return state.hexdigest()


def _read_record(path: Path) -> Record | None:
    try:
        return Record.of(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, ConfigError) as error:
        raise InputError(
            f"not the record of a fetch: {error}", file=path, hint="--force writes it again"
        ) from None


def _write_record(path: Path, url: str, file: Path, sha256: str) -> None:
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    record = Record(url=url, sha256=sha256, bytes=file.stat().st_size, date=now)
    path.write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")
