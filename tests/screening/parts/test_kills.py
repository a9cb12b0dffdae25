"""Screens in parts that are killed for real, at changes of their folder and at random times."""

from __future__ import annotations

import pytest

from tests.training.test_kills import SURVIVED, kill


@pytest.mark.slow
def test_a_few_kills_are_survived() -> None:
    """All of them are in the benchmark; the parts are those of an unbroken run, byte for byte."""
    lines, told = kill(("parts",), 1)
    assert [line for line in told if not line.endswith(SURVIVED)] == []
    assert any("after " in line for line in told)
    values = {line["metric"]: line["value"] for line in lines}
    assert values["survived"] == values["kill points"] >= 2
