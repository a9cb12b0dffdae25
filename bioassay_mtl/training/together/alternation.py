"""Alternation of panels: whose batch comes next."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from bioassay_mtl.training.together.settings import Alternation


def steps_of_a_round(batches: Mapping[str, int], rule: Alternation) -> dict[str, int]:
    """Steps of each panel in a round, at least 1: in all about as many as there are batches.

    Parameters
    ----------
    batches
        Batches of one pass over the rows of each panel.
    rule
        See :class:`~bioassay_mtl.training.together.settings.TogetherConfig`.
    """
    if rule == "proportional":
        return dict(batches)
    weights = {name: math.sqrt(n) if rule == "square_root" else 1 for name, n in batches.items()}
    total, whole = sum(batches.values()), sum(weights.values())
    return {name: max(1, round(total * weight / whole)) for name, weight in weights.items()}


def order_of_a_round(steps: Mapping[str, int]) -> Sequence[tuple[str, int]]:
    """Panels and the numbers of their steps, each panel's spread evenly over the round."""
    places = [
        ((number + 0.5) / n, rank, name, number)
        for rank, (name, n) in enumerate(steps.items())
        for number in range(n)
    ]
    return [(name, number) for _, _, name, number in sorted(places)]
