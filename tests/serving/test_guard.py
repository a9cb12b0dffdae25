"""Who is let in, by the address that is listened at."""

from __future__ import annotations

import pytest

from bioassay_mtl.serving.options import ServeOptions
from tests.needs import installed

installed("starlette", "serve")

from starlette.datastructures import Headers  # noqa: E402

from bioassay_mtl.serving.guard import announced, check_origin  # noqa: E402
from bioassay_mtl.serving.refusals import Refusal  # noqa: E402


@pytest.mark.parametrize(
    ("host", "is_local"),
    [
        ("127.0.0.1", True),
        ("127.0.0.2", True),
        ("localhost", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("192.168.0.7", False),
        ("lab.example", False),
    ],
)
def test_local_is_what_only_this_machine_reaches(host: str, is_local: bool) -> None:
    options = ServeOptions(host=host)
    assert options.is_local is is_local
    for name in ("localhost:8000", "127.0.0.1", "[::1]:8000"):
        check_origin(Headers({"host": name}), options)
    other = Headers({"host": "lab.example:8000"})
    if is_local:
        with pytest.raises(Refusal, match="answers to"):
            check_origin(other, options)
    else:
        check_origin(other, options)
        with pytest.raises(Refusal, match="other origins"):
            check_origin(Headers({"host": "lab.example", "origin": "http://evil"}), options)


@pytest.mark.parametrize("text", ["-1", "x", "1e3", "١"])
def test_a_length_is_a_number(text: str) -> None:
    assert announced(Headers({"content-length": "12"}), 100) == 12
    assert announced(Headers({}), 100) == 100
    with pytest.raises(Refusal, match="a number is expected"):
        announced(Headers(raw=[(b"content-length", text.encode())]), 100)
