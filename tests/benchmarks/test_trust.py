from __future__ import annotations

import numpy as np

from benchmarks.trust.measures import error_by_spread, false_share, outcome_scores


def test_scores_of_what_is_right_and_of_what_is_far_too_sure() -> None:
    rng = np.random.default_rng(0)
    truth = rng.uniform(0.05, 0.95, (4000, 2))
    labels = (rng.random(truth.shape) < truth).astype(np.int8)
    labels[rng.random(labels.shape) < 0.2] = -1
    right, sure = dict(outcome_scores(truth, labels)), dict(outcome_scores(truth**3, labels))
    assert right["calibration_error"] < 0.04 < sure["calibration_error"]
    assert all(right[name] < sure[name] for name in ("log_loss", "brier"))


def test_spread_tells_of_error_where_it_is_noise() -> None:
    rng = np.random.default_rng(0)
    truth = rng.uniform(0.1, 0.9, (5000, 1))
    spread = rng.uniform(0, 1, truth.shape)
    said = np.clip(truth + spread * rng.normal(0, 0.3, truth.shape), 0, 1)
    labels = (rng.random(truth.shape) < truth).astype(np.int8)
    found = dict(error_by_spread(said, spread, labels))
    assert found["error_least_spread"] < found["error_most_spread"]


def test_false_ones_are_counted_by_assay() -> None:
    labels = np.array([[1, 0, 0, -1] * 10] * 2, np.int8).T
    p = np.where(labels == 1, 0.001, 0.9).astype(np.float32)
    found = dict(false_share(p, labels))
    assert found["false_share_at_10%"] == 0
    assert found["actives_found_at_10%"] == 1
    everything = dict(false_share(np.full(p.shape, 0.001, np.float32), labels))
    assert everything["false_share_at_50%"] == 2 / 3
