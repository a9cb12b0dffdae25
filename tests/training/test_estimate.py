"""The time that a training will take is that of its own settings on this machine."""

from __future__ import annotations

import itertools
import time
from typing import Any

import numpy as np
import pytest
import torch

from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.training.estimate import Estimate, estimate
from bioassay_mtl.training.session import Session
from tests.training.conftest import small_config


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that goes on by a second whenever it is read."""
    clock = itertools.count()
    monkeypatch.setattr(time, "perf_counter", lambda: float(next(clock)))


@pytest.mark.usefixtures("ticking")
def test_the_sum_is_that_of_all_molecules_and_epochs(small_panel: Panel) -> None:
    """96 molecules take a second, and so does an epoch of two batches of 64 rows."""
    found = estimate(small_panel, small_config(epochs=10))
    assert found is not None
    assert found.featurizing == pytest.approx(300 / 96)
    assert found.epochs == pytest.approx(10 * 240 / 128)
    assert found.total == found.featurizing + found.epochs
    again = estimate(small_panel, small_config(epochs=20), workers=2, models=3)
    expected: list[Any] = [pytest.approx(found.featurizing / 2), pytest.approx(found.epochs * 6)]
    assert again == Estimate(*expected)
    at_once = estimate(small_panel, small_config(epochs=20), workers=2, models=3, jobs=3)
    assert at_once == Estimate(expected[0], pytest.approx(found.epochs * 2))  # type: ignore[arg-type]


@pytest.mark.usefixtures("ticking")
def test_trees_of_more_rows_are_deeper(small_panel: Panel) -> None:
    """300 molecules take a second, and so do trees of as many rows as there will be."""
    four_times = small_panel.take(np.resize(np.arange(300), 1_200))
    forest = {"kind": "forest", "inputs": ["morgan"]}
    found = estimate(four_times, small_config(network=forest))
    assert found is not None
    assert found.featurizing == pytest.approx(1_200 / 300)
    assert found.epochs == pytest.approx(np.log(960) / np.log(300), rel=1e-2)


def test_the_cost_of_the_first_training_alone_hides_no_tree(
    small_panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tree takes a second, and the first training 50 more: it imports what grows them."""
    clock, starting = [0.0], [50.0]

    def train(session: Session) -> None:
        clock[0] += session.config.network.n_trees + sum(starting)  # type: ignore[attr-defined]
        starting.clear()

    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr("bioassay_mtl.training.estimate.train_session", train)
    forest = {"kind": "forest", "inputs": ["morgan"], "n_trees": 200}
    found = estimate(small_panel, small_config(network=forest))
    assert found is not None
    assert found.epochs == pytest.approx(200)


def test_it_changes_nothing(small_panel: Panel) -> None:
    before, digest = torch.get_rng_state(), small_panel.digest()
    assert estimate(small_panel, small_config()).total > 0  # type: ignore[union-attr]
    assert torch.equal(torch.get_rng_state(), before)
    assert small_panel.digest() == digest


def test_nothing_is_said_of_what_cannot_be_tried(small_panel: Panel) -> None:
    assert estimate(small_panel, small_config(devices=2)) is None
    unreadable = Panel.from_arrays(["nothing"] * 3, [1, 0, 1], ["any"])
    assert estimate(unreadable, small_config()) is None
