"""A model folder, and the command as a real process; ``cli`` runs it in this one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Result, Run
from tests.screening.tiny_model import tiny_model

__all__ = ["COMMAND", "Result", "Run"]

COMMAND = [sys.executable, "-m", "bioassay_mtl.cli.app"]


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model().save(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def process() -> Run:
    """Run the command as a user's shell does."""

    def run(*arguments: Any, **options: Any) -> Result:
        done = subprocess.run(
            [*COMMAND, *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            **options,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    return run
