"""DeepChem's schedules of the learning rate: the rate at each step."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from deepchem.models import optimizers

from bioassay_mtl.errors import ConfigError

# Written as DeepChem documents them: its own PolynomialDecay and LinearCosineDecay give PyTorch the
# rate where that expects a factor of it, and PiecewiseConstantSchedule has no PyTorch at all.


def rate_at(schedule: Any, step: int) -> float:
    """Learning rate of a schedule after some steps.

    Parameters
    ----------
    schedule
        One of ``dc.models.optimizers``.
    step
        Steps that were taken before, 0 for the first.

    Raises
    ------
    ConfigError
        The schedule is none of these.
    """
    for kind, rate in _RATES.items():
        if isinstance(schedule, kind):
            return rate(schedule, step)
    known = ", ".join(kind.__name__ for kind in _RATES)
    raise ConfigError(
        f"learning_rate: a number is expected, or one of {known}; found {type(schedule).__name__}"
    )


def _exponential(schedule: Any, step: int) -> float:
    times = step / schedule.decay_steps
    power = math.floor(times) if schedule.staircase else times
    return float(schedule.initial_rate * schedule.decay_rate**power)


def _polynomial(schedule: Any, step: int) -> float:
    left: float = (1 - _share(schedule, step)) ** schedule.power
    return float(schedule.final_rate + (schedule.initial_rate - schedule.final_rate) * left)


def _linear_cosine(schedule: Any, step: int) -> float:
    share = _share(schedule, step)
    cosine = 0.5 * (1 + math.cos(2 * math.pi * schedule.num_periods * share))
    factor = (schedule.alpha + 1 - share) * cosine + schedule.beta
    return float(schedule.initial_rate * factor)


def _piecewise(schedule: Any, step: int) -> float:
    scales = (schedule.boundaries_and_scales or {}).items()
    return float(schedule.initial_rate * math.prod(f for bound, f in scales if bound < step))


def _share(schedule: Any, step: int) -> float:
    return float(min(step, schedule.decay_steps) / schedule.decay_steps)


_RATES: dict[type, Callable[[Any, int], float]] = {
    optimizers.ExponentialDecay: _exponential,
    optimizers.PolynomialDecay: _polynomial,
    optimizers.LinearCosineDecay: _linear_cosine,
    optimizers.PiecewiseConstantSchedule: _piecewise,
}
