"""Searches for garbage stop while all is loaded, and no longer."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from bioassay_mtl.cli.garbage import THRESHOLD, unsearched
from tests.cli.conftest import Run


@pytest.fixture(params=[True, False])
def is_on(request: pytest.FixtureRequest) -> Iterator[bool]:
    before = gc.isenabled()
    (gc.enable if request.param else gc.disable)()
    yield request.param
    (gc.enable if before else gc.disable)()


def test_searches_go_on_when_it_is_told(is_on: bool) -> None:
    before = gc.get_threshold()
    with unsearched() as search:
        assert not gc.isenabled()
        search("anything")
        assert gc.isenabled()
        assert gc.get_threshold()[0] == THRESHOLD
        assert gc.get_freeze_count() > 1000
        frozen = gc.get_freeze_count()
        search("once more")
        assert gc.get_freeze_count() <= frozen
    assert (gc.get_threshold(), gc.isenabled(), gc.get_freeze_count()) == (before, is_on, 0)


def test_all_is_as_it_was_after_a_fault(is_on: bool) -> None:
    with suppress(ValueError), unsearched():
        raise ValueError
    assert gc.isenabled() == is_on


@pytest.mark.parametrize("parts", [False, True])
def test_a_screen_searches_once_it_writes(
    parts: bool, cli: Run, model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen: list[bool] = []
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append(gc.isenabled()))
    library = tmp_path / "library.smi"
    library.write_text("CCO\n" * 3000)
    out = ("--out", tmp_path / "parts") if parts else ("-o", tmp_path / "out.csv")
    assert cli("screen", library, *out, "--model", model_folder, "--workers", 1).code == 0
    assert frozen == [False]
