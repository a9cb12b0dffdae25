"""Values that an assay cannot have: a concentration below 0, a bound share above 100 %.

A rule from name and unit decides, unless a user says so (``least`` and ``most`` of what is known of
an assay). Logarithms, differences, scores and shares of a signal (``% inhibition`` may be -12) have
no limit by the rule, and neither has an assay in which something beyond it was measured.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.errors import InputError
from bioassay_mtl.tasks.kinds import TaskKind
from bioassay_mtl.tasks.measured import MeasuredCells
from bioassay_mtl.tasks.units import BY_MASS, MOLAR, P_SCALE, says_logarithm

Ends = tuple[float, float]
NO_LIMITS: Ends = (-np.inf, np.inf)

_AMOUNTS = {*MOLAR, *BY_MASS, "g/L", "mg/dL", "mg/kg", "mol/kg"}
_TIMES = {"ms", "s", "sec", "min", "h", "hr", "hrs", "hour", "hours", "d", "day", "days"}
_RATES = {"mL/min/kg", "uL/min/mg", "mL/min/g", "L/h/kg", "cm/s", "nm/s"}
_SIGNED = re.compile(
    r"(?:^|[\W_])(?:log\w*|ln|delta|change|diff\w*|shift|effect|score|z|ratio|rel\w*)(?=$|[\W_])"
    r"|\u0394",
    re.IGNORECASE,
)
_AMOUNT_NAMES = re.compile(
    r"(?:^|[\W_])(?:(?:ic|ec|ac|xc|gi|cc|lc|tc|ld|td)[\s_-]?50|k[idb]|mic|half[\s_-]?li\w+|"
    r"t[\s_]?1/2|t[\s_]?half|cl(?:int)?|clearance|solubility|papp)(?=$|[\W_]|\d)",
    re.IGNORECASE,
)
_SHARES = re.compile(
    r"(?:^|[\W_])(?:ppb|fu|bound|unbound|(?:protein|plasma)[\s_-]?binding|bioavailability)"
    r"(?=$|[\W_])",
    re.IGNORECASE,
)


def value_limits(name: str, unit: str) -> Ends:
    """The least and the most that a value can be, as an assay's name and unit tell.

    Examples
    --------
    >>> value_limits("EGFR IC50", "nM"), value_limits("PPB", "%"), value_limits("logS", "M")
    ((0.0, inf), (0.0, 100.0), (-inf, inf))
    """
    if unit == P_SCALE or says_logarithm(name) or _SIGNED.search(name):
        return NO_LIMITS
    if unit in ("%", "percent"):
        return (0.0, 100.0) if _SHARES.search(name) else NO_LIMITS
    is_amount = unit in _AMOUNTS or unit in _TIMES or unit in _RATES
    return (0.0, np.inf) if is_amount or (not unit and _AMOUNT_NAMES.search(name)) else NO_LIMITS


@dataclass(frozen=True, eq=False)
class Limits:
    """The least and the most that values of T tasks can be.

    Parameters
    ----------
    low, high
        ``(T,) float64``; infinite where there is none, and for outcomes.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @staticmethod
    def of(
        tasks: Sequence[str],
        kinds: Sequence[TaskKind],
        cells: MeasuredCells | None = None,
        known: Mapping[str, tuple[float | None, float | None]] | None = None,
    ) -> Limits | None:
        """Limits of tasks by the rule, or as a user says; None where there are none.

        Parameters
        ----------
        tasks, kinds
            Names and kinds.
        cells
            Measured cells.
        known
            The least and the most by task, as far as a user says so.

        Raises
        ------
        InputError
            Something was measured beyond what a user says.
        """
        low, high = np.full(len(tasks), -np.inf), np.full(len(tasks), np.inf)
        for task, (name, kind) in enumerate(zip(tasks, kinds, strict=True)):
            if not kind.is_value:
                continue
            ends = _measured_ends(cells, task)
            said, ruled = (known or {}).get(name, (None, None)), value_limits(name, _unit(kind))
            low[task] = _limit(name, "least", said[0], ruled[0], -ends[0], -1)
            high[task] = _limit(name, "most", said[1], ruled[1], ends[1], 1)
        found = Limits(low, high)
        return found if np.isfinite([low, high]).any() else None

    def columns(self, kinds: Sequence[TaskKind]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Both ends of each predicted column, ``(n_columns,) float32``."""
        widths = [len(kind.columns("")) for kind in kinds]
        ends = (np.repeat(each, widths).astype(np.float32) for each in (self.low, self.high))
        low, high = ends
        return low, high

    def clip(
        self, predictions: NDArray[np.float32], kinds: Sequence[TaskKind]
    ) -> NDArray[np.float32]:
        """Predictions ``(n, n_columns)`` within the limits; NaN stays."""
        return np.clip(predictions, *self.columns(kinds))

    def words(self, tasks: Sequence[str]) -> list[str]:
        """Limits of each task that has some, in words."""
        found = []
        for name, low, high in zip(tasks, self.low, self.high, strict=True):
            ends = [
                f"at {word} {end:g}"
                for word, end in (("least", low), ("most", high))
                if np.isfinite(end)
            ]
            if ends:
                found.append(f"{name} {' and '.join(ends)}")
        return found


def _unit(kind: TaskKind) -> str:
    return str(getattr(kind, "unit", ""))


def _measured_ends(cells: MeasuredCells | None, task: int) -> Ends:
    """The least and the highest value of a task, those of bounds among them."""
    values = np.zeros(0) if cells is None else cells.of_task(task).values
    return (float(values.min()), float(values.max())) if len(values) else (np.inf, -np.inf)


def _limit(
    name: str, word: str, said: float | None, ruled: float, reached: float, sign: int
) -> float:
    """One end; ``reached`` is what was measured, both times the sign."""
    limit = ruled if said is None else said
    if reached <= sign * limit:
        return limit
    if said is None:
        return sign * np.inf
    raise InputError(
        f"the {word} that {name!r} can be is given as {said:g}, and {sign * reached:g} was "
        "measured",
        hint=f"leave {word!r} out, or mend the value",
    )
