"""Shared fixtures: real molecules, the shared data where they are present, and the command."""

from __future__ import annotations

import gc
import os
import signal
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import hypothesis
import pytest

from tests.needs import absent

# How long an example takes is the machine's affair, not the test's. `make test` tries the same
# few examples every time, those that once failed among them (@example); `make fuzz` tries others.
hypothesis.settings.register_profile("pinned", deadline=None, derandomize=True, max_examples=25)
hypothesis.settings.register_profile("fuzz", deadline=None, print_blob=True)
hypothesis.settings.load_profile("pinned")

# What is started in the background or by nohup inherits signals that are ignored, and so would the
# processes that tests interrupt.
for _number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
    if signal.getsignal(_number) is signal.SIG_IGN:
        usual = signal.default_int_handler if _number == signal.SIGINT else signal.SIG_DFL
        signal.signal(_number, usual)

# The collector would go through all modules again and again while tests are gathered from them.
gc.disable()

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave to `make soak` all but n cases, evenly spread, of a test that has the mark cases(n)."""
    cases: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if item.get_closest_marker("cases"):
            cases[item.nodeid.partition("[")[0]].append(item)
    for each in cases.values():
        (n,) = each[0].get_closest_marker("cases").args  # type: ignore[union-attr]
        for place in set(range(len(each))) - {len(each) * number // n for number in range(n)}:
            each[place].add_marker("soak")


def pytest_collection_finish() -> None:
    """What is there by now stays: the collector need not look at it."""
    gc.enable()
    gc.freeze()


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes by their parameter: a gzip header holds the time, and so would the name."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real assay data; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("BIOASSAY_DATA", REPOSITORY.parent / "shared" / "data"))
    if not (folder / "pcba").is_dir():
        absent(f"the real assay data are not at {folder} (set BIOASSAY_DATA)")
    return folder


@pytest.fixture(scope="session")
def nci_smiles() -> list[str]:
    """5,000 real SMILES that ship with RDKit (some do not parse)."""
    from rdkit import RDConfig

    lines = (Path(RDConfig.RDDataDir) / "NCI" / "first_5K.smi").read_text().splitlines()
    return [line.split()[0] for line in lines if line.strip()]


class Result(NamedTuple):
    """What a command ended with."""

    code: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str]) -> Run:
    """Run the command in this process: quick, with everything but signals and pipes."""
    from bioassay_mtl.cli.app import app

    def run(*arguments: Any) -> Result:
        capfd.readouterr()
        with pytest.raises(SystemExit) as stop:
            app([str(argument) for argument in arguments], prog_name="bioassay-mtl")
        code = stop.value.code
        return Result(code if isinstance(code, int) else 0, *capfd.readouterr())

    return run


@pytest.fixture(autouse=True, scope="session")
def _one_torch_thread() -> None:
    """Two threads collapse when anything else runs on a two-core machine."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
