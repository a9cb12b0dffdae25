"""The study of inputs: its settings are settings, its mixtures are whole, its report tells all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.graph_study.__main__ import write_report
from benchmarks.graph_study.cases import LARGEST, MIXTURES, MODELS, settings, shares
from benchmarks.harness.ledger import Entry, Ledger
from bioassay_mtl.training.config import TrainingConfig


@pytest.mark.parametrize("model", MODELS)
def test_settings_are_valid(model: str) -> None:
    config = TrainingConfig.of(settings(model, seed=3))
    assert config.seed == 3
    assert set(config.network.experts[0].inputs) <= set(config.fingerprints)  # type: ignore[attr-defined]


@pytest.mark.parametrize("members", [2, 3])
def test_shares_are_whole(members: int) -> None:
    found = np.array(shares(members))
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert found.min() > 0
    assert found[:, 1:].max() <= LARGEST
    assert len(np.unique(found.round(6), axis=0)) == len(found)


def test_report(tmp_path: Path) -> None:
    assert not write_report(tmp_path)
    ledger = Ledger(tmp_path / "graph_study.jsonl")
    about: dict[str, Any] = {"about": "a split", "fit": 1000, "valid": 100, "test": 200}
    about["made_with"] = {"machine": "a machine"}
    mixed = next(iter(MIXTURES))
    for name, ap, notes in (
        ("fingerprint", 0.1, {"settings": {}, "valid_ap": 0.2, "cpu_seconds": 5.0}),
        (mixed, 0.3, {"settings": {"shares": [0.9, 0.1]}, "valid_ap": 0.25}),
    ):
        for seed in (0, 1):
            key = ("tox21", name, "all", "test", seed, "all")
            scores = [0.7, 0.8], [ap, ap / 2]
            ledger.add(Entry(*key, ["one", "two"], *scores, notes={**notes, **about}))
    assert write_report(tmp_path)
    text = (tmp_path / "graph_study.md").read_text()
    assert "| fingerprint | 2 | 0.0750 ± 0.0000 | **0.7500** ± 0.0000 |  | 5 s |" in text
    assert f"| {mixed} | 2 | **0.2250** ± 0.0000 | **0.7500** ± 0.0000 | 2 of 2 |" in text
    assert "shares [0.9, 0.1]" in text
