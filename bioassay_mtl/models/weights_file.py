"""Writing weights, and wording what a disk refuses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bioassay_mtl.errors import OutputError
from bioassay_mtl.files import write_whole

if TYPE_CHECKING:
    from torch import Tensor


def write_weights(
    path: Path, tensors: Mapping[str, Tensor], header: Mapping[str, str] | None = None
) -> None:
    """Write a safetensors file, which appears whole or not at all.

    Raises
    ------
    OutputError
        When writing fails; safetensors' own way to a file raises an error of its own instead.
    """
    from safetensors.torch import save

    write_whole(path, save(dict(tensors), None if header is None else dict(header)))


@contextmanager
def written(path: Path) -> Iterator[None]:
    """Name the file or folder that could not be written, on a full disk for example.

    Raises
    ------
    OutputError
        In place of an OSError of the body.
    """
    try:
        yield
    except OSError as error:
        raise OutputError(f"{path}: could not be written: {error.strerror}") from error
