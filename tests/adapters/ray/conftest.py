"""A cluster of several processes on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.training.conftest import small_panel

__all__ = ["small_panel"]


@pytest.fixture(scope="package")
def _cluster() -> Iterator[None]:
    ray = pytest.importorskip("ray")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        object_store_memory=150_000_000,
    )
    yield
    ray.shutdown()
