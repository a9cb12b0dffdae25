"""A model folder, and two ways to run the command: in this process, or as a real one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bioassay_mtl.cli.app import app
from tests.screening.tiny_model import tiny_model

COMMAND = [sys.executable, "-m", "bioassay_mtl.cli.app"]


class Result(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model().save(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str]) -> Run:
    """Run the command in this process: quick, with everything but signals and pipes."""

    def run(*arguments: Any) -> Result:
        capfd.readouterr()
        with pytest.raises(SystemExit) as stop:
            app([str(argument) for argument in arguments], prog_name="bioassay-mtl")
        code = stop.value.code
        return Result(code if isinstance(code, int) else 0, *capfd.readouterr())

    return run


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
