from __future__ import annotations

import pytest

from bioassay_mtl.models.model import Model
from tests.screening.tiny_model import tiny_model


@pytest.fixture(scope="session")
def model() -> Model:
    return tiny_model()
