"""What a screen says at its end."""

from __future__ import annotations

import pytest

from bioassay_mtl.cli.screen_report import say_selected
from bioassay_mtl.screening.summary import ScreenSummary


@pytest.mark.parametrize(
    ("rate", "inactive", "told"),
    [(0.1, 0.15, False), (0.1, 0.25, True), (0.5, 0.55, False), (0.5, 0.65, True)],
)
def test_a_selection_that_its_probabilities_contradict_is_told(
    rate: float, inactive: float, told: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    counts = {"rows": 9, "statuses": {"ok": 9}, "assays": 1, "seconds": {"total": 1.0}}
    chosen = {"selected": 3, "selected_inactive": inactive}
    summary = ScreenSummary("m", ["a.smi"], "-", **counts, **chosen)  # type: ignore[arg-type]
    say_selected(summary, rate)
    said = capsys.readouterr().err
    assert "3 hits selected" in said
    assert ("by their own probabilities" in said) == told
