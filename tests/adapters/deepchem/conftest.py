"""DeepChem itself, imported once: it takes seconds, and warns of all that is not beside it."""

from __future__ import annotations

import warnings
from typing import Any

import pytest


@pytest.fixture(scope="session")
def dc() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("deepchem", reason="DeepChem is not installed")
