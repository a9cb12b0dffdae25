"""What is absent is a skip on a person's machine, and a failure in CI."""

from __future__ import annotations

import pytest

from tests.needs import absent, extra


def test_an_extra_that_is_there_is_imported() -> None:
    assert extra("hypothesis.strategies", "test").integers


@pytest.mark.parametrize(
    ("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)]
)
def test_what_is_absent(
    monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="no browser"):
        absent("no browser")
    with pytest.raises(outcome, match=r"pip install 'bioassay-mtl\[some\]'"):
        extra("no_such_module_anywhere.inner", "some")
