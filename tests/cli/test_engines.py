"""Engines of ``train``: obeyed or refused."""

from __future__ import annotations

import pytest

from tests.conftest import Run


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--engine", "spark"], "--engine spark: local or ray is expected"),
        (["--address", "auto"], "--address is for --engine ray"),
        (["--ensemble", "2", "--engine", "ray"], "--engine ray needs --jobs N"),
    ],
)
def test_what_is_refused(cli: Run, words: list[str], message: str) -> None:
    done = cli("train", "panel.csv", *words)
    assert done.code == 2
    assert message in done.err
