"""Compiled code is there where numba is, also where nothing can be written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec
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


def test_where_no_folder_can_be_written_it_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    numba = pytest.importorskip("numba")
    plain = numba.njit

    def njit(code: Callable[..., int], cache: bool = False, **how: Any) -> Any:
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return plain(code, **how)

    monkeypatch.setattr(numba, "njit", njit)
    assert compiled() is not None
