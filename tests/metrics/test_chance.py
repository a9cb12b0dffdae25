"""What chance gives is what models that know nothing score."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bioassay_mtl.metrics import evaluate
from bioassay_mtl.metrics.chance import by_chance, is_beyond_chance
from bioassay_mtl.tasks.kinds import Binary, Censored, Multiclass, Ordinal, Regression

CLASSES = ("low", "middle", "high")
KINDS = [
    Binary(),
    Multiclass(classes=CLASSES),
    Ordinal(classes=CLASSES),
    Regression(),
    Censored(),
]


def scored(kind: Any, knows: float, n: int = 3000, seed: int = 0, n_bootstrap: int = 0) -> Any:
    """A task whose predictions follow the labels as far as `knows`."""
    rng = np.random.default_rng(seed)
    if kind.is_value:
        labels = rng.normal(size=(n, 1))
        found = knows * labels + (1 - knows) * rng.normal(size=(n, 1)) * (knows > 0)
    elif kind.kind == "binary":
        labels = (rng.random((n, 1)) < 0.2).astype(float)
        found = np.clip(knows * labels + (1 - knows) * rng.random((n, 1)), 0, 1)
    else:
        labels = rng.integers(0, 3, (n, 1)).astype(float)
        noise = rng.dirichlet([1, 1, 1], n)
        found = knows * np.eye(3)[labels[:, 0].astype(int)] + (1 - knows) * noise
    labels = labels.astype(np.int8) if kind.kind == "binary" else labels.astype(np.float32)
    found = found.astype(np.float32)
    return evaluate(labels, found, ["any"], kinds=[kind], n_bootstrap=n_bootstrap, seed=1)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_a_model_of_noise_scores_that(kind: Any) -> None:
    found = scored(kind, knows=0)
    expected = by_chance(found, kind.kind)
    assert expected
    for name, base in expected.items():
        if np.isfinite(value := found.kind_macro[kind.kind][name]):  # equal values have no ranks
            assert value == pytest.approx(base, abs=0.06), name


def test_the_average_precision_of_chance_is_the_share_of_actives() -> None:
    assert by_chance(scored(Binary(), 0.0), "binary")["average_precision"] == pytest.approx(
        0.2, abs=0.03
    )


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_beyond_chance(kind: Any) -> None:
    assert not is_beyond_chance(scored(kind, 0.9, 200), kind.kind), "there is no interval"
    assert is_beyond_chance(scored(kind, 0.9, 200, n_bootstrap=100), kind.kind)


def test_noise_is_seldom_beyond_chance() -> None:
    """2.5 % of the intervals end above the base rate."""
    found = [
        is_beyond_chance(scored(Binary(), 0.0, 200, seed, 100), "binary") for seed in range(40)
    ]
    assert sum(found) <= 4
