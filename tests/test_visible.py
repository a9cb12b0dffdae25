from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bioassay_mtl.visible import visible, visible_bytes


def test_what_a_terminal_would_obey_is_written_out() -> None:
    assert visible("a\x1b[31mb\x9b1m\x07\n\u202e\udce9") == r"a\x1b[31mb\x9b1m\x07\n\u202e\udce9"
    assert visible("one\ntwo\r", lines=True) == "one\ntwo\\r"
    assert visible("aspirin µM [C@H](/C=C\\C)") == "aspirin µM [C@H](/C=C\\C)"
    assert visible_bytes("a\tµ\x1b]0;x\x07\x9b\n".encode()) == "a\tµ\\x1b]0;x\\x07\\x9b\n".encode()


@given(st.text(st.characters(codec=None)))
def test_any_text_can_be_shown(text: str) -> None:
    shown = visible(text)
    shown.encode()
    assert not any(ord(each) < 32 or 127 <= ord(each) < 160 for each in shown)
    assert visible(shown) == shown


@given(st.text())
def test_bytes_and_text_agree_on_controls(text: str) -> None:
    shown = visible_bytes(text.encode()).decode()
    assert not any((ord(e) < 32 and e not in "\t\n") or 127 <= ord(e) < 160 for e in shown)
