from __future__ import annotations

import numpy as np

from benchmarks.trust.measures import (
    calibrated_alone,
    error_by,
    false_share,
    outcome_scores,
    reliability,
)
from bioassay_mtl.confidence.calibration import expit
from bioassay_mtl.confidence.grid import ScoreCounts


def test_scores_of_what_is_right_and_of_what_is_far_too_sure() -> None:
    rng = np.random.default_rng(0)
    truth = rng.uniform(0.05, 0.95, (4000, 2))
    labels = (rng.random(truth.shape) < truth).astype(np.int8)
    labels[rng.random(labels.shape) < 0.2] = -1
    right, sure = (
        {name.removesuffix("_now"): value for name, value in outcome_scores(said, labels, "now")}
        for said in (truth, truth**3)
    )
    assert right["calibration_error"] < 0.04 < sure["calibration_error"]
    assert all(right[name] < sure[name] for name in ("log_loss", "brier"))


def test_spread_tells_of_error_where_it_is_noise() -> None:
    rng = np.random.default_rng(0)
    truth = rng.uniform(0.1, 0.9, (5000, 1))
    spread = rng.uniform(0, 1, truth.shape)
    said = np.clip(truth + spread * rng.normal(0, 0.3, truth.shape), 0, 1)
    labels = (rng.random(truth.shape) < truth).astype(np.int8)
    found = dict(error_by("spread", (said - labels) ** 2, said, spread))
    assert found["error_by_spread_1"] < found["error_by_spread_5"]


def test_false_ones_are_counted_by_assay() -> None:
    labels = np.array([[1, 0, 0, -1] * 10] * 2, np.int8).T
    p = np.where(labels == 1, 0.001, 0.9).astype(np.float32)
    found = dict(false_share(p, labels))
    assert found["false_share_at_10%"] == 0
    assert found["actives_found_at_10%"] == 1
    everything = dict(false_share(np.full(p.shape, 0.001, np.float32), labels))
    assert everything["false_share_at_50%"] == 2 / 3


def test_rivals_calibrate_by_what_was_counted() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (4000, 2))
    labels = (rng.random(logits.shape) < 1 / (1 + np.exp(-0.5 * logits - 1))).astype(np.int8)
    task = np.tile(np.arange(2), 2000)
    counts = ScoreCounts.of(task, logits[:2000].ravel(), labels[:2000].ravel(), 2)
    found = dict(calibrated_alone(counts, logits[2000:], labels[2000:]))
    (before,) = [
        v for n, v in outcome_scores(expit(logits[2000:]), labels[2000:], "") if "log" in n
    ]
    assert max(found["log_loss_platt"], found["log_loss_isotonic"]) < before
    said = dict(reliability(expit(0.5 * logits + 1), labels))
    assert max(abs(said[f"said_after_{k}"] - said[f"came_after_{k}"]) for k in range(1, 11)) < 0.05
