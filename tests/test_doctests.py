"""Examples in docstrings do what they say."""

from __future__ import annotations

import doctest
import importlib

import pytest

from tests.needs import extra
from tests.test_house import PACKAGE, ROOT

NEEDED = {"deepchem": "deepchem", "pyg": "torch_geometric"}
EXTRAS = {"deepchem": "deepchem", "torch_geometric": "graphs"}


def modules_with_examples() -> list[str]:
    paths = (path for path in PACKAGE.rglob("*.py") if ">>>" in path.read_text(encoding="utf-8"))
    names = (".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths)
    return sorted(name.removesuffix(".__init__") for name in names)


@pytest.mark.parametrize("name", modules_with_examples())
def test_examples(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for part in {*name.split(".")} & {*NEEDED}:
        extra(NEEDED[part], EXTRAS[NEEDED[part]])
    monkeypatch.chdir(ROOT)
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert tried
    assert not failed
