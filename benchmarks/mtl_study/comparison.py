"""The families of methods that are tested together, each against one baseline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.mtl_study.cases import BASE_MODEL, MODELS, PLAIN, Cell, known_balancers
from benchmarks.mtl_study.outcomes import Outcome, StudyOutcomes
from benchmarks.mtl_study.significance import (
    Gain,
    Scores,
    critical_difference,
    friedman,
    gain,
    holm,
    mean_ranks,
    verdict,
)


@dataclass(frozen=True)
class Family:
    """Methods on the same assays; the first is the baseline of all others.

    Attributes
    ----------
    title : str
    names : tuple of str
        What tells the methods apart.
    outcomes : tuple of Outcome
    """

    title: str
    names: tuple[str, ...]
    outcomes: tuple[Outcome, ...]

    def scores(self, metric: str) -> Scores:
        """``(n_methods, n_assays)``."""
        return np.array([outcome.per_assay(metric) for outcome in self.outcomes])

    def gains(self, metric: str) -> list[tuple[Gain, float]]:
        """Gain of each method but the baseline, with its p-value by Holm within the family."""
        scores = self.scores(metric)
        found = [gain(row, scores[0]) for row in scores[1:]]
        return list(zip(found, holm([each.p for each in found]), strict=True))

    def verdicts(self, metric: str) -> dict[str, str]:
        """``better``, ``worse`` or ``level`` for each method but the baseline."""
        return {
            name: verdict(found, p)
            for name, (found, p) in zip(self.names[1:], self.gains(metric), strict=True)
        }

    @property
    def ranks(self) -> Scores:
        """Mean rank of each method by average precision."""
        return mean_ranks(self.scores("ap"))

    @property
    def friedman_p(self) -> float:
        """Whether any method differs; 1 for fewer than three."""
        return friedman(self.scores("ap")) if len(self.names) > 2 else 1.0

    @property
    def critical_difference(self) -> float:
        """Of mean ranks."""
        return critical_difference(*self.scores("ap").shape)


def families(study: StudyOutcomes) -> list[Family]:
    """Balancers on each model that has some, then the models under the plain sum and two-step."""
    known = known_balancers()
    done = sorted(
        study.finalists,
        key=lambda cell: (
            MODELS.index(cell.model),
            known.index(cell.balancer) if cell.balancer in known else len(known),
            cell.balancer,
        ),
    )
    found = []
    for model in MODELS:
        mine = [cell for cell in done if cell.model == model]
        if len(mine) > 2 or (model == BASE_MODEL and len(mine) == 2):
            found.append(_family(f"Balancers on {model}", study, mine, "balancer"))
    few = [cell for cell in done if cell.balancer in (PLAIN, "two_step")]
    if len({cell.model for cell in few}) > 1:
        found.append(_family("Models", study, few, "name"))
    return [family for family in found if family.outcomes[0].cell.balancer == PLAIN]


def _family(title: str, study: StudyOutcomes, cells: list[Cell], label: str) -> Family:
    names = tuple(str(getattr(cell, label)) for cell in cells)
    return Family(title, names, tuple(study.finalists[cell] for cell in cells))
