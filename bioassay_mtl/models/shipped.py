"""Models that ship with the package."""

from __future__ import annotations

from pathlib import Path

from bioassay_mtl.config import did_you_mean
from bioassay_mtl.errors import ModelFolderError
from bioassay_mtl.files import recover

DEFAULT = "pcba128-fast"
_FOLDER = Path(__file__).resolve().parent


def names() -> list[str]:
    """Names of the shipped models, sorted."""
    if not _FOLDER.is_dir():
        return []
    return sorted(path.parent.name for path in _FOLDER.glob("*/config.json"))


def find_model(name_or_folder: str | Path) -> Path:
    """The folder of a shipped model, or the folder itself.

    Raises
    ------
    ModelFolderError
        Neither a shipped model nor a folder.
    """
    if str(name_or_folder) in names():
        return _FOLDER / str(name_or_folder)
    folder = Path(name_or_folder)
    recover(folder)
    if folder.is_dir():
        return folder
    what = "is a file, not a model folder" if folder.exists() else "is no model and no folder"
    raise ModelFolderError(
        f"{str(name_or_folder)!r} {what} ({did_you_mean(str(name_or_folder), names())})"
    )
