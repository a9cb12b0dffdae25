"""A run that diverges says so, and leaves nothing that could be taken for a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bioassay_mtl.errors import TrainingError
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split
from bioassay_mtl.tasks.kinds import Binary, Regression
from bioassay_mtl.training import train, tuning
from tests.needs import extra, installed
from tests.training.conftest import small_config

TOO_FAST = 1e30
ROWS = np.arange(299)
NO_ROWS = ROWS[:0]
ALL = Split(ROWS, NO_ROWS, NO_ROWS, 300)
SHARED = Split(ROWS[:200], ROWS[200:250], ROWS[250:], 300)


@pytest.mark.parametrize("kind", [Binary(), Regression()])
@pytest.mark.parametrize("parts", [SHARED, ALL])
def test_the_epoch_and_the_way_out_are_named(small_panel: Panel, kind: Any, parts: Split) -> None:
    labels = np.where(small_panel.mask, small_panel.labels, np.nan)
    panel = Panel.from_arrays(small_panel.structures, labels, small_panel.tasks, kinds=[kind] * 3)
    with pytest.raises(TrainingError, match=r"diverged in epoch 1, .*: lower learning_rate"):
        train(panel, small_config(learning_rate=TOO_FAST), parts=parts)


def test_weights_that_the_last_step_ruins_are_not_kept(small_panel: Panel) -> None:
    """The loss of a step is that of the weights before it."""
    fast = small_config(batch_size=300, learning_rate=3e38, warmup=0, average=0, epochs=1)
    with pytest.raises(TrainingError, match="diverged in epoch 1"):
        train(small_panel, fast, parts=ALL)


def test_the_folder_takes_a_slower_run(small_panel: Panel, tmp_path: Path) -> None:
    """Also where the first epoch went well, and its state was kept."""
    out, state = tmp_path / "model", tmp_path / "model.training" / "state.safetensors"
    fast = small_config(batch_size=300, learning_rate=TOO_FAST, average=0, epochs=2)
    kept = []
    with pytest.raises(TrainingError, match="epoch 2"):
        train(small_panel, fast, parts=ALL, out=out, progress=lambda _: kept.append(state.exists()))
    assert kept == [True]
    assert not out.exists()
    train(small_panel, small_config(epochs=1), parts=ALL, out=out)
    assert out.exists()


def test_a_search_goes_on_after_a_trial_that_diverges(
    small_panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates = extra("optuna.distributions", "tune").CategoricalDistribution([TOO_FAST, 0.02])
    monkeypatch.setattr(tuning, "search_space", lambda *_, **__: {"learning_rate": rates})
    fast = small_config(learning_rate=TOO_FAST, epochs=1)
    trials = tuning.train_tuned(small_panel, fast, 4, parts=SHARED).training["tuning"]["trials"]
    assert {
        (row["settings"]["learning_rate"], row["state"], row["score"] == -1) for row in trials
    } == {(TOO_FAST, "pruned", True), (0.02, "complete", False)}


def test_a_search_of_nothing_but_diverging_trials_is_an_error(small_panel: Panel) -> None:
    installed("optuna", "tune")
    fast = small_config(learning_rate=TOO_FAST, epochs=1)
    with pytest.raises(TrainingError, match="all trials diverged"):
        tuning.train_tuned(small_panel, fast, 1, parts=SHARED)
