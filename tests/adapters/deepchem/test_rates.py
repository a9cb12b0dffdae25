"""Schedules of the learning rate are what DeepChem says that they are."""

from __future__ import annotations

import math
from typing import Any

import pytest

from bioassay_mtl.errors import ConfigError
from tests.adapters.deepchem.conftest import N_BITS, SMALL


def rates(schedule: Any, steps: list[int]) -> list[float]:
    from bioassay_mtl.adapters.deepchem.rates import rate_at

    return [rate_at(schedule, step) for step in steps]


def test_exponential(dc: Any) -> None:
    make = dc.models.optimizers.ExponentialDecay
    assert rates(make(0.1, 0.5, 10), [0, 9, 10, 25]) == pytest.approx([0.1, 0.1, 0.05, 0.025])
    smooth = rates(make(0.1, 0.5, 10, staircase=False), [0, 5, 10])
    assert smooth == pytest.approx([0.1, 0.1 / math.sqrt(2), 0.05])


def test_exponential_is_pytorchs(dc: Any) -> None:
    import torch

    schedule = dc.models.optimizers.ExponentialDecay(0.1, 0.5, 3)
    optimizer = dc.models.optimizers.Adam(schedule)._create_pytorch_optimizer([torch.zeros(1)])
    theirs, found = schedule._create_pytorch_schedule(optimizer), []
    for _ in range(10):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        theirs.step()
    assert rates(schedule, [*range(10)]) == pytest.approx(found)


def test_polynomial(dc: Any) -> None:
    make = dc.models.optimizers.PolynomialDecay
    found = rates(make(0.1, 0.02, 100, power=2), [0, 50, 100, 1000])
    assert found == pytest.approx([0.1, 0.02 + 0.08 / 4, 0.02, 0.02])


def test_linear_cosine(dc: Any) -> None:
    make = dc.models.optimizers.LinearCosineDecay
    found = rates(make(0.1, 100, alpha=0.5, beta=0.001), [0, 50, 200])
    assert found == pytest.approx([0.1 * 1.501, 0.1 * (1.0 * 0.5 + 0.001), 0.1 * 0.001])


def test_piecewise(dc: Any) -> None:
    make = dc.models.optimizers.PiecewiseConstantSchedule
    assert rates(make(0.1, {10: 0.5, 20: 0.1}), [10, 11, 21]) == pytest.approx([0.1, 0.05, 0.005])
    assert rates(make(0.1), [99]) == [0.1]


def test_others_are_refused(dc: Any) -> None:
    with pytest.raises(ConfigError, match=r"ExponentialDecay, PolynomialDecay.*found object"):
        rates(object(), [0])


def test_steps_are_taken_at_these_rates(dc: Any, ours: Any, dataset: Any) -> None:
    """Over several calls of fit, and from a checkpoint on."""
    schedule = dc.models.optimizers.PolynomialDecay(0.02, 0.002, 12)
    found: list[float] = []

    def note(model: Any, step: int) -> None:
        found.append(model._learner.optimizer.param_groups[0]["lr"])

    model = ours(3, N_BITS, learning_rate=schedule, **SMALL)
    model.fit(dataset, nb_epoch=1, callbacks=note)
    n_first = len(found)
    model.fit_on_batch(dataset.X, dataset.y, dataset.w, callbacks=[note])
    other = ours(3, N_BITS, model.model_dir, learning_rate=schedule, **SMALL)
    other.restore()
    other.fit(dataset, nb_epoch=2, callbacks=note)
    assert len(found) == 3 * n_first + 1
    assert found == pytest.approx(rates(schedule, [*range(len(found))]))


def test_a_rate_of_zero_learns_nothing(dc: Any, ours: Any, dataset: Any) -> None:
    schedule = dc.models.optimizers.PiecewiseConstantSchedule(0.01, {0: 0.0})
    model = ours(3, N_BITS, learning_rate=schedule, average=0.0, **SMALL)
    model.fit_on_batch(dataset.X, dataset.y, dataset.w)
    first = model.predict(dataset)
    model.fit(dataset, nb_epoch=1)
    assert (model.predict(dataset) == first).all()
