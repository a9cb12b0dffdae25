"""The page on interfaces is true: its snippets run, one after the other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.needs import installed

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "interfaces.md"


@pytest.mark.soak
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
def test_every_snippet_runs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    installed("deepchem", "deepchem")
    installed("optuna", "tune")
    installed("torch_geometric", "graphs")
    found: dict[str, Any] = {}
    for snippet in re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL):
        exec(compile(snippet, PAGE.name, "exec"), found)
    printed = capsys.readouterr().out
    assert "roc_auc_score" in printed
    assert "(40, 6, 2)" in printed
    assert "(1, 6)" in printed
    assert found["logits"].shape[1] == 6
