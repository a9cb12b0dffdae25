from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import expit, logit

from bioassay_mtl import Panel, load, train, train_ensemble
from bioassay_mtl.confidence.evidence import OUT_OF_FOLD, VALIDATION
from bioassay_mtl.models.model import Model
from bioassay_mtl.tasks.kinds import kind_config
from bioassay_mtl.training.cross_validation import cross_validate
from bioassay_mtl.training.evidence import give_evidence
from bioassay_mtl.training.session import Session

PRINTS = {"maccs": {"kind": "maccs"}, "morgan": {"kind": "morgan", "n_bits": 512}}
ALONE: dict[str, Any] = {
    "experts": [{"inputs": ("maccs",), "n": 2, "width": 16}],
    "gate": {"kind": "static"},
    "tower": {"kind": "per_expert"},
}
STACKED: dict[str, Any] = {
    "experts": [{"inputs": (name,), "width": 16} for name in PRINTS],
    "gate": {"kind": "stacked", "folds": 3},
}


def settings(network: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "fingerprints": PRINTS,
        "network": network,
        "epochs": 12,
        "average": 0.0,
        "loggers": (),
        "device": "cpu",
        "split": {"kind": "random", "fractions": (0.7, 0.2, 0.1)},
        **changes,
    }


def molecules(panel: Panel) -> list[str]:
    assert panel.structures is not None
    return list(panel.structures)


@pytest.fixture(scope="module")
def panel(nci_smiles: list[str]) -> Panel:
    """Two rare outcomes that the structure tells of, many wrongly measured; and a value."""
    rng = np.random.default_rng(0)
    smiles = nci_smiles[:400]
    nitrogen = np.array([text.count("N") + text.count("n") for text in smiles])
    size = np.array([len(text) for text in smiles], float)
    outcomes = [nitrogen > 3, size > np.quantile(size, 0.8)]
    noisy = [np.where(rng.random(400) < 0.5, rng.random(400) < 0.1, each) for each in outcomes]
    labels = np.column_stack([*noisy, size + rng.normal(0, 5, 400)])
    kinds = ["binary", "binary", "regression"]
    return Panel.from_arrays(smiles, labels, ["nitrogen", "large", "size"], kinds=kinds)


@pytest.fixture(scope="module")
def plain(panel: Panel) -> Model:
    """Its loss weighs actives up, so that all its probabilities are too high."""
    return train(panel, settings(ALONE, positive_weight="full"))


@pytest.fixture(scope="module")
def stacked(panel: Panel) -> Model:
    return train(panel, settings(STACKED))


def test_a_network_has_evidence_of_its_validation_rows(panel: Panel, plain: Model) -> None:
    evidence = plain.evidence
    assert evidence is not None
    assert evidence.rows == VALIDATION
    rows = plain.training["rows"]["valid"]
    assert evidence.counts.n_cells.tolist() == [rows, rows, 0]
    assert np.isinf(evidence.half_widths[:2]).all()
    assert (np.diff(evidence.half_widths[2]) >= 0).all()


@pytest.mark.soak
def test_stacked_experts_have_evidence_of_all_training_rows(stacked: Model) -> None:
    evidence = stacked.evidence
    assert evidence is not None
    assert evidence.rows == OUT_OF_FOLD
    rows = stacked.training["rows"]["train"]
    assert evidence.counts.n_cells.tolist() == [rows, rows, 0]


def test_what_is_too_high_is_calibrated(plain: Model, panel: Panel) -> None:
    calibration = plain.calibration
    assert calibration is not None
    assert calibration.rows == VALIDATION
    assert calibration.log_loss_after < calibration.log_loss_before
    assert "calibrated on the validation rows: mean log loss" in plain.card
    assert calibration.slope[2] == 1
    assert calibration.offset[2] == 0
    said, raw = (plain.predict(molecules(panel), calibrated=c) for c in (True, False))
    assert said["size"].equals(raw["size"])
    for place, task in enumerate(("nitrogen", "large")):
        by_hand = expit(
            calibration.slope[place] * logit(raw[task].astype(float)) + calibration.offset[place]
        )
        assert np.allclose(said[task], by_hand, atol=1e-5)
        assert (said[task].rank() == raw[task].rank()).mean() > 0.99


def test_a_folder_keeps_both(plain: Model, panel: Panel, tmp_path: Path) -> None:
    plain.save(tmp_path / "m")
    again = load(tmp_path / "m")
    smiles = molecules(panel)[:50]
    for calibrated in (True, False):
        asked: dict[str, Any] = {"calibrated": calibrated, "confidence": True}
        assert plain.predict(smiles, **asked).equals(again.predict(smiles, **asked))
    assert again.calibration is not None
    assert plain.calibration is not None
    assert np.array_equal(again.calibration.numbers, plain.calibration.numbers)


def test_confidence_stands_beside(stacked: Model, panel: Panel) -> None:
    found = stacked.predict([*molecules(panel)[:30], "nonsense"], confidence=True)
    columns = list(found.columns)
    assert columns[4:7] == ["nitrogen:spread", "nitrogen:low", "nitrogen:high"]
    ok = found[:-1]
    for task in ("nitrogen", "large", "size"):
        assert (ok[f"{task}:low"] <= ok[task]).all()
        assert (ok[task] <= ok[f"{task}:high"]).all()
    assert found.iloc[-1, 1:].isna().all()
    width = ok["size:high"] - ok["size"]
    assert stacked.evidence is not None
    assert np.allclose(width, stacked.evidence.half_widths[2, 2], rtol=1e-4)


def test_the_spread_is_that_of_the_experts(plain: Model, panel: Panel) -> None:
    import torch

    features = plain.featurize(molecules(panel)[:20])
    inputs, network = plain.inputs(features), plain.network
    with torch.inference_mode():
        votes = network.tower.expert_logits(network.experts(inputs)).numpy()  # (E, B, O)
        gates = network.mixing_weights(inputs).numpy()  # (1, T, E)
    mean = np.einsum("ebo,oe->bo", votes, gates[0])
    expected = np.sqrt(np.einsum("ebo,oe->bo", (votes - mean) ** 2, gates[0]))
    assert plain.calibration is not None
    assert plain.target_scaler is not None
    units = [*plain.calibration.slope[:2], plain.target_scaler.scale[2]]
    assert np.allclose(plain.spread_features(features), expected * units, rtol=1e-3, atol=1e-5)


def test_a_setting_leaves_it_out(panel: Panel) -> None:
    model = train(panel, settings(ALONE, calibrate=False))
    assert model.calibration is None
    assert model.evidence is None
    assert model.predict(["CCO"], confidence=True)["nitrogen:low"].isna().all()


@pytest.mark.soak
def test_weights_are_the_same_with_and_without(panel: Panel, plain: Model) -> None:
    model = train(panel, settings(ALONE, calibrate=False, positive_weight="full"))
    raw = plain.predict(molecules(panel), calibrated=False)
    assert model.predict(molecules(panel)).equals(raw)


def test_ensembles_are_calibrated_as_a_whole(panel: Panel) -> None:
    model = train_ensemble(panel, settings(ALONE), members=2)
    assert model.evidence is not None
    assert model.evidence.rows == VALIDATION
    spread = model.predict(molecules(panel)[:10], confidence=True)["nitrogen:spread"]
    assert (spread > 0).all()


def test_folds_are_not_calibrated(panel: Panel) -> None:
    model = cross_validate(panel, settings(ALONE, epochs=2), 3).model
    assert model.calibration is None


def classes_of(smiles: list[str], seed: int) -> np.ndarray:
    """Three sizes of molecules, and three of their nitrogens in no order, half of them wrong."""
    rng, n = np.random.default_rng(seed), len(smiles)
    size = np.digitize([len(text) for text in smiles], [25, 40]).astype(float)
    nitrogen = np.array([min(text.upper().count("N"), 2) for text in smiles], float)
    both = np.column_stack([size, nitrogen])
    return np.where(rng.random((n, 2)) < 0.5, rng.integers(0, 3, (n, 2)), both)


def test_classes_are_calibrated_on_rows_that_nobody_fitted(nci_smiles: list[str]) -> None:
    names = ("a", "b", "c")
    kinds = [kind_config({"kind": kind, "classes": names}) for kind in ("ordinal", "multiclass")]
    labels = classes_of(nci_smiles[:600], 0)
    panel = Panel.from_arrays(nci_smiles[:400], labels[:400], ["size", "n"], kinds=kinds)
    chosen = settings(ALONE)
    model = train(panel, chosen)
    model.network.tower.rescale(torch.full((5,), 4.0), torch.zeros(5))  # far too sure
    give_evidence(model, Session.of(panel, chosen))
    found = model.calibration
    assert found is not None
    assert (found.slope < 0.6).all()
    assert found.offset[1] == 0
    assert found.log_loss_after < found.log_loss_before
    new = Panel.from_arrays(nci_smiles[400:600], labels[400:], ["size", "n"], kinds=kinds)
    smiles = molecules(new)
    raw, said = (model.predict(smiles, calibrated=each) for each in (False, True))
    for place, task in enumerate(("size", "n")):
        columns = [f"{task}[{name}]" for name in names]
        own = labels[400:, place].astype(int)
        losses = [-np.log(t[columns].to_numpy()[range(200), own]).mean() for t in (raw, said)]
        assert losses[1] < losses[0]
        assert np.allclose(said[columns].sum(axis=1), 1, atol=1e-5)
