from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bioassay_mtl.screening.hits import TellingHits, information_gain
from tests.screening.batches import make_batch

SHARES = np.array([0.3, 0.01, 0.0005])


def test_gain_is_the_divergence_from_the_share() -> None:
    p = np.array([[0.9, 0.5, 0.02]], dtype=np.float32)
    expected = [
        q * np.log2(q / s) + (1 - q) * np.log2((1 - q) / (1 - s))
        for q, s in zip(p[0].astype(float), SHARES, strict=True)
    ]
    np.testing.assert_allclose(information_gain(p, SHARES.astype(np.float32))[0], expected, 1e-4)


def test_predictions_below_the_share_tell_nothing_here() -> None:
    p = np.array([[0.1, 0.0, 0.0005]], dtype=np.float32)
    assert information_gain(p, SHARES.astype(np.float32)).tolist() == [[0, 0, 0]]


def test_certain_predictions_are_finite() -> None:
    p = np.array([[1.0, 0.0, 1.0]], dtype=np.float32)
    assert np.isfinite(information_gain(p, SHARES.astype(np.float32))).all()


@pytest.mark.parametrize("k", [1, 5, 500])
def test_equals_sorting_everything(k: int) -> None:
    batches = [make_batch(30, 3, first_row=1 + 30 * i, seed=i) for i in range(4)]
    hits = TellingHits("abc", SHARES, k)
    for batch in batches:
        hits.add(batch)
    p = np.concatenate([batch.probabilities for batch in batches])
    gain = np.nan_to_num(information_gain(p, SHARES.astype(np.float32)))
    best = gain.max(axis=1)
    order = np.argsort(-best, kind="stable")[: min(k, int((best > 0).sum()))]
    expected = [(row + 1, "abc"[gain[row].argmax()]) for row in order]
    assert [(hit.row, hit.assay) for hit in hits.best()] == expected


def test_a_rare_assay_at_half_beats_a_common_one_at_nine_tenths() -> None:
    batch = make_batch(2, 3)
    batch.probabilities[:] = [[0.9, 0.0, 0.0], [0.9, 0.5, 0.0]]
    hits = TellingHits("abc", SHARES, 2)
    hits.add(batch)
    best = hits.best()
    assert [hit.assay for hit in best] == ["b", "a"]
    assert best[0].fold == pytest.approx(50)


def test_some_columns_and_known_molecules_alone() -> None:
    batch = make_batch(3, 3)
    batch.status[:] = 0
    batch.probabilities[:] = [[0.9, 0.1, 0.9], [0.9, 0.2, 0.8], [0.9, 0.3, 0.7]]
    beside = {"low": batch.probabilities / 2, "alerts": np.array(["", "PAINS", ""], object)}
    batch = replace(batch, in_training=np.array([False, True, False]), beside=beside)
    found = {}
    for known in (None, False, True):
        hits = TellingHits("bc", SHARES[1:], 5, at=np.array([1, 2]), known=known)
        hits.add(batch)
        found[known] = sorted(hit.row for hit in hits.best())
    assert found == {None: [1, 2, 3], False: [1, 3], True: [2]}
    (hit,) = hits.best()
    assert (hit.assay, hit.beside["alerts"]) == ("c", "PAINS")
    assert hit.beside["low"] == pytest.approx(0.4)


def test_records_without_predictions_are_passed_over() -> None:
    batch = make_batch(3, 3)
    batch.status[:] = 1
    hits = TellingHits("abc", SHARES, 2)
    hits.add(batch)
    assert hits.best() == []


@pytest.mark.parametrize(("share", "folds"), [(1.0, [1]), (0.0, [1e6, 0.9e6, 0.2e6])])
def test_shares_of_1_and_0_are_taken_as_a_millionth_less_and_more(
    share: float, folds: list[float]
) -> None:
    """An assay of actives alone tells next to nothing, one of inactives alone a finite amount."""
    batch = make_batch(4, 1)  # the third is no molecule
    batch.probabilities[:, 0] = 0.2, 0.9, np.nan, 1.0
    hits = TellingHits("a", np.array([share]), 4)
    hits.add(batch)
    best = hits.best()
    assert [hit.fold for hit in best] == pytest.approx(folds, rel=1e-5)
    assert [hit.bits for hit in best] == pytest.approx(
        [19.93, 17.47, 3.26] if share == 0 else [0], abs=0.01
    )
