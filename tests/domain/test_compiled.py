"""Compiled code is there where numba is, also where nothing can be written."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest

from bioassay_mtl.domain import compiled as module
from bioassay_mtl.domain.compiled import compiled


@pytest.fixture(autouse=True)
def anew() -> Iterator[None]:
    compiled.cache_clear()
    yield
    compiled.cache_clear()


def test_without_numba_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(_: str) -> ModuleSpec | None:
        return None

    monkeypatch.setattr(module, "find_spec", absent)
    assert compiled() is None


def test_without_a_numba_that_works_there_is_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "numba"]:
        monkeypatch.delitem(sys.modules, name)
    (tmp_path / "numba.py").write_text("raise ImportError('Numba needs NumPy 2.2 or less.')")
    monkeypatch.syspath_prepend(tmp_path)
    assert compiled() is None


def test_nothing_is_run_untranslated(monkeypatch: pytest.MonkeyPatch) -> None:
    numba = pytest.importorskip("numba")
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
    assert compiled() is None


@pytest.mark.parametrize(
    "fault", [RuntimeError("no locator"), OSError("full disk"), EOFError("nothing kept")]
)
def test_where_nothing_can_be_kept_it_is_translated_anew(
    monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    numba = pytest.importorskip("numba")
    plain = numba.njit

    def njit(code: Callable[..., int], cache: bool = False, **how: Any) -> Any:
        def fails(*_: Any) -> int:
            raise fault

        return fails if cache else plain(code, **how)

    monkeypatch.setattr(numba, "njit", njit)
    assert compiled() is not None


def test_what_was_kept_and_is_broken_is_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    numba = pytest.importorskip("numba")
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    assert compiled() is not None
    kept = list(tmp_path.rglob("*.nbi"))
    assert kept
    for file in kept:
        file.write_bytes(b"")
    compiled.cache_clear()
    assert compiled() is not None


def test_where_nothing_can_be_translated_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    numba = pytest.importorskip("numba")

    def njit(*_: Any, **__: Any) -> Any:
        raise OSError("no such processor")

    monkeypatch.setattr(numba, "njit", njit)
    assert compiled() is None
