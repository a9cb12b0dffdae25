from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioassay_mtl.screening.decimals import six_decimals


def texts(probabilities: np.ndarray) -> list[str]:
    return [cell.decode() for cell in six_decimals(probabilities).view("S8").ravel()]


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=50))
def test_text_is_what_percent_formatting_gives(values: list[float]) -> None:
    probabilities = np.array(values, dtype=np.float32)[None]
    assert texts(probabilities) == [f"{p:.6f}" for p in probabilities[0]]


@pytest.mark.parametrize(
    "millionths", [0, 1, 999, 1000, 1001, 499_999, 500_000, 999_999, 1_000_000]
)
def test_edges_of_the_tables(millionths: int) -> None:
    value = np.array([[millionths / 1e6]], dtype=np.float32)
    assert texts(value) == [f"{millionths / 1e6:.6f}"]


def test_ties_go_to_even_as_in_percent_formatting() -> None:
    # An odd multiple of 2**-7 has seven decimals that end in 5: exactly between two millionths.
    ties = (np.arange(1, 128, 2, dtype=np.float32) / 128)[None]
    assert texts(ties) == [f"{p:.6f}" for p in ties[0].tolist()]
