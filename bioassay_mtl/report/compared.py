"""Scores of a quick baseline where a model is judged, and parts of evaluations by kind."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.metrics import Evaluation
from bioassay_mtl.metrics.differences import Differences


@dataclass(frozen=True, eq=False)
class Elsewhere:
    """The baseline where rows were dealt out in another way.

    Parameters
    ----------
    own, other
        Names of the model's split and of the other one.
    found
        Scores of the other model.
    """

    own: str
    other: str
    found: Evaluation


@dataclass(frozen=True, eq=False)
class Compared:
    """Scores of a quick baseline on the rows that a model is judged on.

    Parameters
    ----------
    found
        Scores of the model.
    apart
        Differences of the model's scores to these.
    elsewhere
        None where rows could not be dealt out in another way.
    """

    found: Evaluation
    apart: Differences
    elsewhere: Elsewhere | None = None

    def of_kind(self, chosen: NDArray[np.bool_], kind: str) -> Compared:
        """The part of it that the tasks of a kind make."""
        there = self.elsewhere
        if there is not None:
            there = replace(there, found=selected(there.found, chosen, kind))
        return Compared(selected(self.found, chosen, kind), self.apart.of(chosen), there)


def selected(found: Evaluation, chosen: NDArray[np.bool_], kind: str) -> Evaluation:
    """The part of an evaluation that chosen tasks of one kind make."""
    intervals = found.intervals
    bounds = found.kind_macro_intervals
    return replace(
        found,
        tasks=tuple(np.array(found.tasks, dtype=object)[chosen]),
        n_actives=found.n_actives[chosen],
        n_inactives=found.n_inactives[chosen],
        values={name: each[chosen] for name, each in found.values.items()},
        kind_macro={kind: found.kind_macro[kind]},
        kinds=tuple(each for each, wanted in zip(found.kinds, chosen, strict=True) if wanted),
        n_measured=found.n_measured[chosen],
        evaluable=found.evaluable[chosen],
        intervals=intervals and {name: each[chosen] for name, each in intervals.items()},
        kind_macro_intervals={kind: bounds[kind]} if kind in bounds else {},
    )
