"""Model files on a disk that refuses them."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bioassay_mtl.errors import OutputError
from bioassay_mtl.models.model import Model
from tests.models.test_folder import model  # noqa: F401 (a fixture)


@contextmanager
def files_of_at_most(n_bytes: int) -> Iterator[None]:
    """What stands for a full disk: the system refuses to write more into a file."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_full_disk_leaves_no_model(model: Model, tmp_path: Path) -> None:  # noqa: F811
    out = tmp_path / "model"
    with (
        files_of_at_most(1000),
        pytest.raises(OutputError, match="model: could not be written: File too large"),
    ):
        model.save(out)
    assert not [*tmp_path.iterdir()]
    model.save(out)
    assert (out / "model.safetensors").stat().st_mode == (out / "config.json").stat().st_mode
