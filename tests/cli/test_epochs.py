"""The time left, and what is shown of epochs."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator

import pytest

from bioassay_mtl.cli.epochs import TimeLeft, duration, shown_epochs


class Terminal(io.StringIO):
    """A text stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two seconds pass between two looks."""
    times: Iterator[int] = iter(range(0, 1000, 2))
    monkeypatch.setattr("bioassay_mtl.cli.epochs.time.perf_counter", lambda: next(times))


@pytest.mark.usefixtures("clock")
def test_time_left_counts_all_epochs_that_may_come() -> None:
    left = TimeLeft(epochs=5)
    assert [left({"epoch": epoch}) for epoch in (1, 2, 5)] == [8, 6, 0]


@pytest.mark.usefixtures("clock")
def test_time_left_counts_trials_and_members() -> None:
    left = TimeLeft(epochs=5, members=3, trials=10)
    assert left({"trial": 1, "epoch": 1}) == 2 * (4 + 5 * (9 + 3))
    assert left({"trial": 10, "epoch": 5}) == 2 * 5 * 3
    assert left({"member": 1, "epoch": 5}) == 2 * 5 * 2
    assert left({"member": 3, "epoch": 5}) == 0
    assert left({"fold": 1, "epoch": 5}) == 2 * 5 * 2


@pytest.mark.usefixtures("clock")
def test_time_left_of_trainings_side_by_side() -> None:
    left = TimeLeft(epochs=5, members=4, jobs=2)
    assert left({"fold": 1, "epoch": 1}) == 2 * (4 + 5 * 3)
    assert left({"fold": 2, "epoch": 1}) == 2 * (4 + 4 + 5 * 2)
    assert left({"fold": 1, "epoch": 2}) == 2 * (3 + 4 + 5 * 2)
    assert left({"fold": 3, "epoch": 1}) == 2 * (4 + 4 + 5)  # the first one has stopped early
    assert left({"fold": 4, "epoch": 5}) == 2 * (4 + 0)
    assert (left.all_epochs, left.left) == (20, 4)
    left = TimeLeft(epochs=5, members=1, trials=4, jobs=2)
    assert left({"trial": 2, "epoch": 3}) == 2 * (2 + 5 * 3)
    assert left({"member": 1, "epoch": 4}) == 2 * 1


@pytest.mark.usefixtures("clock")
def test_time_left_knows_that_each_panel_tells_of_each_epoch() -> None:
    left = TimeLeft(epochs=3, panels=2)
    records = [{"panel": name, "epoch": epoch} for epoch in (1, 2, 3) for name in ("a", "b")]
    assert [left(record) for record in records][1::2] == [2 * 2 * 2, 2 * 2, 0]


@pytest.mark.usefixtures("clock")
def test_time_left_is_guessed_from_the_share_of_experts_that_are_done() -> None:
    left = TimeLeft(epochs=5, experts=3, runs=4)
    assert left({"expert": 1, "run": 3}) == pytest.approx(2 * 3)  # a tree has no epochs
    assert left({"expert": 2, "run": 2, "epoch": 5}) == pytest.approx(4 * (12 / 5 - 1))
    assert left({"expert": 1, "run": 4}) == pytest.approx(6 * (12 / 10 - 1))  # after all folds
    assert left({"expert": 3, "run": 4, "epoch": 5}) == 0


@pytest.mark.usefixtures("clock")
def test_time_left_of_experts_side_by_side() -> None:
    left = TimeLeft(epochs=5, experts=3, runs=4, jobs=2)
    assert left({"expert": 1, "run": 1, "epoch": 1}) == pytest.approx(2 * (12 / 0.2 - 1))
    assert left({"expert": 1, "run": 2, "epoch": 1}) == pytest.approx(4 * (12 / 0.4 - 1))
    assert left({"expert": 1, "run": 1, "epoch": 5}) == pytest.approx(6 * (12 / 1.2 - 1))
    assert left({"expert": 2, "run": 2, "epoch": 3}) == pytest.approx(8 * (12 / 3.8 - 1))
    left = TimeLeft(epochs=5, experts=3, runs=4, members=2)
    assert left({"member": 2, "expert": 1, "run": 1, "epoch": 5}) == pytest.approx(
        2 * (24 / 13 - 1)
    )


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (89, "89 s"), (100, "2 min"), (9000, "2.5 h")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_lines_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_epochs(3) as show:
        show({"epoch": 1, "loss": 0.5, "valid_average_precision": 0.25})
    assert capsys.readouterr().err == "epoch 1, loss 0.5, valid_average_precision 0.25\n"


@pytest.mark.parametrize("counted", ["member", "fold"])
def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch, counted: str) -> None:
    screen = Terminal()
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", screen)
    with shown_epochs(4, members=2) as show:
        show({counted: 1, "epoch": 2, "loss": 0.5, "valid_average_precision": 0.25})
    shown = screen.getvalue()
    assert f"{counted} 1/2, epoch 2/4" in shown
    assert "valid_average_precision 0.25, at most" in shown
