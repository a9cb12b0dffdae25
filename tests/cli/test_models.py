"""``info`` and ``models``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bioassay_mtl.models import shipped
from tests.cli.conftest import Run
from tests.screening.tiny_model import TASKS, tiny_model


def test_info_tells_all_as_json(cli: Run, model_folder: Path) -> None:
    facts = json.loads(cli("info", model_folder, "--json").out)
    model = tiny_model()
    assert facts["tasks"] == list(TASKS)
    assert facts["inputs"] == {"morgan": 256, "torsion": 2048}
    assert facts["parameters"] == sum(p.numel() for p in model.network.parameters())
    matrix = model.network.connections
    assert facts["connections"]["open"] == int(matrix.sum())
    assert facts["connections"]["exclusive_experts"] == 2
    for task, row in zip(TASKS, matrix.tolist(), strict=True):
        weights = facts["gate_utilisation"][task]
        assert sum(weights) == pytest.approx(1, abs=1e-3)
        assert [weight > 0 for weight in weights] == row
    distances = facts["expert_diversity"]["matrix"]
    assert [distances[i][i] for i in range(4)] == [0] * 4
    assert max(map(max, distances)) == 1
    assert {"bioassay_mtl", "rdkit"} <= set(facts["versions"])


def test_info_for_people(cli: Run, model_folder: Path) -> None:
    done = cli("info", model_folder)
    assert done.code == 0
    for words in ("tiny (mmoeex", "morgan: 256 values", "4, of which 2 exclusive", "Experts"):
        assert words in done.out


def test_info_shows_metrics_by_part(cli: Run, tmp_path: Path) -> None:
    model = tiny_model()
    model.metrics = {"valid": None, "test": {"n_tasks": 5, "macro": {"roc_auc": 0.75}, "tasks": []}}
    done = cli("info", model.save(tmp_path / "model"))
    assert ["roc_auc", "0.75"] in [line.split() for line in done.out.splitlines()]


def test_models_lists_what_ships(
    cli: Run, model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipped, "_FOLDER", model_folder.parent)
    assert cli("models").out.startswith("tiny: 5 assays, mmoeex, 0.3 MB")
    (row,) = json.loads(cli("models", "--json").out)
    assert (row["name"], row["default"], row["assays"]) == ("tiny", False, 5)
    assert cli("info", "tiny").code == 0


def test_unknown_model_is_refused(cli: Run) -> None:
    done = cli("info", "pcba129")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: 'pcba129' is no model and no folder")
