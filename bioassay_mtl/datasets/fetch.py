"""Fetch a public panel and remember what was fetched."""

from __future__ import annotations

import json
import logging
import re
from datetime import datetime, timezone
from pathlib import Path

from bioassay_mtl.config import Config
from bioassay_mtl.datasets.download import Limits, Progress, download
from bioassay_mtl.datasets.recipe_check import check_table
from bioassay_mtl.datasets.recipes import Recipe
from bioassay_mtl.errors import ConfigError, InputError
from bioassay_mtl.files import end_of_links, locked, sha256, write_whole
from bioassay_mtl.wording import setting

logger = logging.getLogger(__name__)


class Record(Config):
    """Record of a fetch, kept as ``<name>.json`` beside the file."""

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
    expected_sha256: str | None = None,
    limits: Limits | None = None,
    pause_s: float = 1.0,
) -> Path:
    """Bring a public panel's file into a folder; a file that is there already is only verified.

    It must be the table that the recipe describes (see
    :func:`bioassay_mtl.datasets.recipe_check.check_table`), and have the checksum that is given, or
    else the recipe's. Where there is none, the first fetch records what it found in
    ``<name>.json``, and later ones must find the same. Any other answer leaves no file.

    Parameters
    ----------
    recipe
        Recipe of the panel.
    folder
        Folder to fetch to; made where it does not exist.
    base_url
        Another address of the folder that holds the file (a mirror).
    progress
        Callback for each piece: bytes that are there, and in all (None where unknown).
    force
        Fetch again, and accept a file that differs from the one recorded.
    expected_sha256
        Hash that the file must have, as hexadecimal text.
    limits
        Limits of time and rate; the size is the recipe's.
    pause_s
        Pause before the second attempt; see :func:`bioassay_mtl.datasets.download.download`.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        If the file cannot be had, is not the recipe's table, or its checksum is wrong.
    OutputError
        If another process is fetching it.
    """
    folder = Path(folder)
    if not re.fullmatch("[0-9a-fA-F]{64}", expected_sha256 or "0" * 64):
        raise ConfigError(f"a SHA-256 has 64 hexadecimal digits, found {expected_sha256!r}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot be made: {error.strerror}", file=folder) from None
    url = recipe.url if base_url is None else f"{base_url.rstrip('/')}/{recipe.file_name}"
    target, record_path = end_of_links(folder / recipe.file_name), folder / f"{recipe.name}.json"
    with locked(target):
        record = None if force else _read_record(record_path)
        wanted = (expected_sha256 or recipe.sha256 or (record.sha256 if record else "")).lower()
        if target.exists() and not force:
            _verify(recipe, target, wanted, f"{setting('force')} fetches it again")
            if record is None:
                logger.warning("%s was there already; its checksum is recorded now", target)
                _write_record(record_path, url, target)
            return target

        part = target.with_name(f"{target.name}.part")
        most = int(recipe.megabytes * 1e6)
        download(url, part, most, limits=limits, progress=progress, pause_s=pause_s)
        changed = f"it has changed since; {setting('force')} accepts it"
        is_recorded = not (expected_sha256 or recipe.sha256)
        try:
            _verify(recipe, part, wanted, changed * is_recorded)
        except InputError as error:
            part.unlink()
            raise InputError(error.message, file=url, line=error.line, hint=error.hint) from None
        _write_record(record_path, url, part)
        part.replace(target)
    return target


def _verify(recipe: Recipe, path: Path, wanted: str, hint: str) -> None:
    """Compare the file with a known checksum and with its recipe."""
    found = sha256(path)
    if wanted and found != wanted:
        raise InputError(
            f"the file has SHA-256 {found}, expected {wanted}", file=path, hint=hint or None
        )
    check_table(recipe, path)


def _read_record(path: Path) -> Record | None:
    try:
        return Record.of(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, ConfigError) as error:
        raise InputError(
            f"not the record of a fetch: {error}",
            file=path,
            hint=f"{setting('force')} writes it again",
        ) from None


def _write_record(path: Path, url: str, file: Path) -> None:
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    record = Record(url=url, sha256=sha256(file), bytes=file.stat().st_size, date=now)
    write_whole(path, record.model_dump_json(indent=2) + "\n")
