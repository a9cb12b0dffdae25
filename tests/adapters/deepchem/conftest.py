"""DeepChem itself, imported once: it takes seconds, and warns of all that is not beside it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.needs import extra


@pytest.fixture(scope="session")
def dc() -> Any:
    return extra("deepchem", "deepchem")
