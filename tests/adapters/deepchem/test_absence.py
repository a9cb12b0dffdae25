"""Without DeepChem, the message says how to get it."""

from __future__ import annotations

import sys

import pytest

from bioassay_mtl.errors import MissingExtraError


def test_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("bioassay_mtl.adapters.deepchem")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "deepchem", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'bioassay-mtl\[deepchem\]'"):
        import bioassay_mtl.adapters.deepchem  # noqa: F401
