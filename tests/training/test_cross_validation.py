"""Each row is predicted by networks that never saw it, and all networks make one model."""

from __future__ import annotations

import errno
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from bioassay_mtl.errors import ConfigError, InputError, OutputError
from bioassay_mtl.models.model import Model
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import folds
from bioassay_mtl.training import train
from bioassay_mtl.training.cross_validation import CrossValidation, cross_validate
from tests.training.conftest import small_config
from tests.training.test_fit import same
from tests.training.test_mixed_kinds import mixed_panel  # noqa: F401 (a fixture)
from tests.training.test_resume import Killed

CONFIG = small_config(
    fingerprints={
        "morgan": {"kind": "morgan", "n_bits": 256},
        "sizes": {"kind": "rdkit_descriptors", "names": ["MolWt", "TPSA"]},
    },
    network={
        "experts": [
            {"inputs": ["morgan"], "n": 2, "width": 16, "depth": 2},
            {"inputs": ["sizes"], "n": 1, "width": 16},
        ]
    },
    epochs=2,
)
FOLDS, REPEATS = 3, 2


@pytest.fixture(scope="module")
def whole(small_panel: Panel, tmp_path_factory: pytest.TempPathFactory) -> CrossValidation:
    out = tmp_path_factory.mktemp("folds") / "model"
    return cross_validate(small_panel, CONFIG, FOLDS, REPEATS, out=out)


def values(found: CrossValidation, repeat: int, fold: int) -> NDArray[np.float32]:
    """What the network of a fold said of its held-out rows."""
    held_out: NDArray[np.float32] = found.predictions[repeat, found.fold[repeat] == fold]
    return held_out


def test_rows_are_predicted_by_networks_of_the_other_folds(
    small_panel: Panel, whole: CrossValidation
) -> None:
    splits = list(folds(small_panel, CONFIG.split, FOLDS, REPEATS))
    ok = whole.features.ok
    assert not ok[-1]
    for number, parts in enumerate(splits):
        repeat, fold = divmod(number, FOLDS)
        np.testing.assert_array_equal(np.flatnonzero(whole.fold[repeat] == fold + 1), parts.test)
        seeded = CONFIG.model_copy(update={"seed": repeat})
        alone = train(
            small_panel, seeded, parts=parts, scalings=whole.model.scalings, features=whole.features
        )
        held = alone.predict_features(whole.features.take(parts.test), calibrated=False)
        np.testing.assert_array_equal(held, values(whole, repeat, fold + 1))
        assert whole.model.training["members"][number]["history"] == alone.training["history"]


def test_nothing_of_held_out_labels_is_seen(mixed_panel: Panel) -> None:  # noqa: F811
    config = small_config(epochs=1)
    first = cross_validate(mixed_panel, config, FOLDS)
    labels = mixed_panel.labels.copy()
    out = first.fold[0] == 1
    labels[out, 3] = 1000 - labels[out, 3]
    labels[out, 0] = 1 - labels[out, 0]
    again = cross_validate(replace(mixed_panel, labels=labels), config, FOLDS)
    np.testing.assert_array_equal(values(first, 0, 1), values(again, 0, 1))
    assert not np.array_equal(values(first, 0, 2), values(again, 0, 2))


def test_values_of_all_folds_are_in_the_panels_unit(mixed_panel: Panel) -> None:  # noqa: F811
    found = cross_validate(mixed_panel, small_config(epochs=2), FOLDS)
    mass = found.model.predict(mixed_panel.structures or [])["mass"]
    held_out = found.predictions[0, :, list(found.model.columns).index("mass")]
    assert np.corrcoef(mass, held_out)[0, 1] > 0.5
    assert abs(mass.mean() - held_out.mean()) < 10
    assert found.model.metrics["out_of_fold"]["macro_by_kind"]["regression"]["rmse_sd"] > 0


def test_metrics_are_means_over_folds(small_panel: Panel, whole: CrossValidation) -> None:
    found = whole.model.metrics["out_of_fold"]
    scores = np.full((FOLDS * REPEATS, 3), np.nan)
    for number in range(len(scores)):
        rows = whole.fold[number // FOLDS] == number % FOLDS + 1
        rows &= whole.features.ok
        for task in range(3):
            labels = small_panel.labels[rows, task]
            said = whole.predictions[number // FOLDS, rows, task]
            if labels.max() == 1:
                scores[number, task] = roc_auc_score(labels[labels >= 0], said[labels >= 0])
    n_folds = np.isfinite(scores).sum(axis=0).tolist()
    assert [row["n_folds"] for row in found["tasks"]] == n_folds
    assert n_folds == [6, 0, 6]
    for column, row in zip(scores.T[::2], found["tasks"][::2], strict=True):
        assert row["roc_auc"] == pytest.approx(np.nanmean(column))
        assert row["roc_auc_sd"] == pytest.approx(np.nanstd(column, ddof=1))
    of_folds = np.nanmean(scores, axis=1)
    assert found["macro"]["roc_auc"] == pytest.approx(of_folds.mean())
    assert found["macro"]["roc_auc_sd"] == pytest.approx(of_folds.std(ddof=1))
    assert found["n_molecules"] == 299  # each once, though held out in every repeat
    actives = small_panel.take(whole.features.ok).n_actives
    assert [row["n_actives"] for row in found["tasks"]] == actives.tolist()
    assert "| out of fold (mean ± deviation of 6) | 299 |" in whole.model.card


def test_an_assay_that_no_fold_can_judge_is_named(small_panel: Panel) -> None:
    labels = small_panel.labels.copy()
    labels[:, 1] = np.where(labels[:, 1] >= 0, 0, -1)
    labels[:, 2] = -1
    labels[:10, 2] = [1, 0] * 5
    found = cross_validate(replace(small_panel, labels=labels), CONFIG, FOLDS)
    metrics = found.model.metrics["out_of_fold"]
    assert metrics["degenerate_tasks"] == ["aromatic"]
    assert metrics["tasks"][1]["roc_auc"] is None
    assert metrics["n_tasks_in_macro"] == 2


def test_the_model_is_its_folds_joined(whole: CrossValidation, small_panel: Panel) -> None:
    model = whole.model
    network: Any = model.network
    assert len(network.members) == FOLDS * REPEATS
    assert model.training["folds"] == {"n": FOLDS, "repeats": REPEATS}
    assert [m["seed"] for m in model.training["members"]] == [0, 0, 0, 1, 1, 1]
    assert model.training["rows"] == {"train": 299, "valid": 0, "test": 0}
    assert model.label_counts["active"] == small_panel.take(range(299)).n_actives.tolist()


@pytest.mark.soak
def test_rows_of_the_table_are_those_of_the_panel(
    small_panel: Panel, tmp_path: Path, nci_smiles: list[str]
) -> None:
    panel = small_panel.take([*range(60), 299, *range(60, 90)])
    found = cross_validate(panel, CONFIG, FOLDS, REPEATS, out=tmp_path / "model")
    table = pd.read_csv(tmp_path / "model" / "predictions.csv")
    assert table["row"].tolist() == [*range(1, 92)] * REPEATS
    assert table["smiles"].tolist() == (panel.structures or []) * REPEATS
    assert table["repeat"].tolist() == [1] * 91 + [2] * 91
    assert table["fold"].tolist() == found.fold.ravel().tolist()
    assert table.loc[table["status"] != "ok", "row"].tolist() == [61, 61]
    said = table[list(panel.tasks)].to_numpy().reshape(REPEATS, 91, 3)
    assert np.isnan(said[:, 60]).all()
    np.testing.assert_allclose(said, found.predictions, rtol=1e-5)
    assert Model.load(tmp_path / "model").metrics == found.model.metrics
    assert not list((tmp_path / "model.training").glob("*/*.safetensors"))


@pytest.mark.parametrize("epochs_before", [pytest.param(1, marks=pytest.mark.soak), 5])
def test_resumed_equals_unbroken(
    small_panel: Panel, whole: CrossValidation, tmp_path: Path, epochs_before: int
) -> None:
    seen: list[tuple[float, float]] = []

    def stop(record: Mapping[str, float]) -> None:
        seen.append((record["fold"], record["epoch"]))
        if len(seen) == epochs_before:
            raise Killed

    out = tmp_path / "model"
    with pytest.raises(Killed):
        cross_validate(small_panel, CONFIG, FOLDS, out=out, progress=stop)
    with pytest.raises(ConfigError, match="unfinished run"):
        cross_validate(small_panel, CONFIG, FOLDS, out=out)
    with pytest.raises(ConfigError, match="other settings or other data"):
        cross_validate(small_panel, CONFIG, FOLDS + 1, out=out, resume=True)
    found = cross_validate(small_panel, CONFIG, FOLDS, REPEATS, out=out, resume=True, progress=stop)
    assert seen == [(fold, epoch) for fold in range(1, 7) for epoch in (1, 2)]
    assert same(found.model, whole.model)
    assert json.loads((out / "metrics.json").read_text()) == whole.model.metrics
    np.testing.assert_array_equal(found.predictions, whole.predictions)


def test_what_has_no_folds_is_refused(small_panel: Panel) -> None:
    with pytest.raises(ConfigError, match="a split of kind 'column' has no folds"):
        cross_validate(small_panel, small_config(split={"kind": "column", "column": "part"}))
    with pytest.raises(ConfigError, match="at least 2 folds"):
        cross_validate(small_panel, CONFIG, 1)
    with pytest.raises(InputError, match="too few for 5 folds"):
        cross_validate(small_panel.take(range(4)), CONFIG)


def test_a_full_disk_leaves_no_folder_that_looks_whole(
    small_panel: Panel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: CrossValidation, path: Path) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(CrossValidation, "write_table", full)
    out = tmp_path / "model"
    with pytest.raises(OutputError, match="model: could not be written: No space"):
        cross_validate(small_panel, CONFIG, FOLDS, out=out)
    assert not out.exists()
    monkeypatch.undo()
    found = cross_validate(small_panel, CONFIG, FOLDS, out=out, resume=True)
    assert len((out / "predictions.csv").read_text().splitlines()) == 1 + len(small_panel)
    assert found.model.tasks == small_panel.tasks


def test_predictions_of_too_many_assays_are_refused_before_training(
    small_panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = len(small_panel) * len(small_panel.tasks)
    monkeypatch.setattr("bioassay_mtl.training.cross_validation.MOST_CELLS", 2 * size - 1)
    with pytest.raises(ConfigError, match="keeps predictions of all"):
        cross_validate(small_panel, CONFIG, FOLDS, repeats=2)
