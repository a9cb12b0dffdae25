r"""Bounds that hold for panels, with their proofs.

Write ``C = length ln 2 + ln(1/delta)``. All bounds are of one kind. For one fixed model h, and a
mean of n independent numbers in [0, 1] with expectation R, Chernoff's bound says

    P(R > kl^-1(mean, c)) <= exp(-n c)                                                        (1)

for ``kl^-1(r, c)`` the largest p with ``kl(r || p) <= c``. *Proof.* For X in [0, 1] and any s,
``exp(s X) <= 1 - X + X exp(s)`` by convexity, so ``E exp(s sum X) <= prod (1 + EX_i (e^s - 1)) <=
(1 + R (e^s - 1))^n`` (the logarithm is concave): the mean's moments are below those of a coin of
chance R. For r < R Markov's inequality with the best s < 0 gives ``P(mean <= r) <= exp(-n kl(r ||
R))``. The mean at which kl(mean || R) = c, below R, is passed with at most exp(-n c). QED.

Now let every model have a code that no other code begins. By Kraft's inequality the sum over all
models of ``2^-length`` is at most 1. Give model h the chance ``delta 2^-length(h)`` of a failure
of (1), so ``n c = C(h)``; then with probability at least 1 - delta (1) holds for *all* models at
once, and so for the one that training chose, whatever the training did with the same molecules.

What must be independent are the n numbers: **molecules, not cells**. The cells of a molecule depend
on each other (a toxic one is active in many assays), and n molecules with T equal cells each would
be n T copies of n facts. So a row counts as one number, the mean over its measured cells.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from bioassay_mtl.guarantees.kl import kl_inverse

GRID = tuple(2.0**power for power in range(-6, 5))
"""Values of g that :func:`weighted_bound` chooses from."""


@dataclass(frozen=True)
class Rates:
    """A rate as it was seen, and as it may be at most.

    Parameters
    ----------
    seen
        Mean over the units.
    bound
        Bound that the true rate is below with probability at least 1 - delta.
    n
        Number of independent units.
    """

    seen: float
    bound: float
    n: int

    @property
    def says_something(self) -> bool:
        """Whether the bound is below that of a coin."""
        return self.bound < 0.5


def error_bound(seen: float, n: int, c: float) -> Rates:
    """``R <= kl^-1(r, C / n)``: the error of a random measured assay of a random molecule.

    Parameters
    ----------
    seen
        r, the mean over n rows of ``Z_i``, the mean error over the measured cells of row i.
    n
        Rows, independent and drawn alike; the cells of a row may depend on each other in any way.
    c
        C of :func:`~bioassay_mtl.guarantees.complexity.complexity`.

    Notes
    -----
    *Proof.* (1) above, for ``X_i = Z_i`` in [0, 1]. QED.
    """
    return Rates(seen, kl_inverse(seen, c / n) if n else 1.0, n)


def balanced_bound(misses: Rates, alarms: Rates) -> Rates:
    """``(R_misses + R_alarms) / 2``: the balanced error, from two bounds of delta / 2 each.

    Parameters
    ----------
    misses
        Share of the actives that are called inactive, for each row with a measured active. C has
        ln(2 / delta).
    alarms
        Share of the inactives that are called active, for each row with a measured inactive.

    Notes
    -----
    *Proof.* Given which rows have an active, these rows are independent draws of a molecule that
    has one, and (1) holds for them; so it does given any pattern, and therefore without. Likewise
    for rows with an inactive. Each of both bounds fails with a chance of at most delta / 2, and the
    mean of two numbers is below the mean of their bounds. QED.
    """
    seen, bound = (misses.seen + alarms.seen) / 2, (misses.bound + alarms.bound) / 2
    return Rates(seen, bound, min(misses.n, alarms.n))


def weighted_bound(
    seen: float, largest: float, c: float, n: int, grid: tuple[float, ...] = GRID
) -> Rates:
    """``R <= min_g (g r + w (C + ln J)) / (1 - e^-g)``: for sums of independent unequal numbers.

    The mean error with every assay counting the same is ``r = sum_i Y_i`` with ``Y_i = sum_t
    error_it / (T m_t)`` over the measured cells of row i, for assays of m_t cells.

    Parameters
    ----------
    seen
        r.
    largest
        w: no independent unit can have more than this part in r. For rows, the largest ``sum_t 1 /
        (T m_t)`` over the measured cells of a row; where no molecule is in two assays (cells are
        independent), ``max_t 1 / (T m_t)``.
    c
        C.
    n
        Number of units, for the record.
    grid
        The J values of g.

    Notes
    -----
    *Proof.* Given which cells are measured, let ``Y_i`` in [0, b_i] be independent, b_i <= w, and R
    the sum of their expectations. For one g > 0 and ``s = g / w``: ``exp(-s Y) <= 1 - (Y / b)(1 -
    e^{-s b})`` by convexity, and ``(1 - e^{-s b}) / b >= (1 - e^-g) / w`` by concavity for b <= w;
    so ``E exp(-s Y_i) <= exp(-EY_i (1 - e^-g) / w)``, and ``E exp(R (1 - e^-g) / w - g r / w) <=
    1``. By Markov, ``R (1 - e^-g) / w - g r / w <= ln(1/delta')`` but for a chance of delta'. Take
    ``delta' = delta 2^-length / J`` for each model and each g. QED.
    """
    c = c + math.log(len(grid))
    found = min((g * seen + largest * c) / -math.expm1(-g) for g in grid)
    return Rates(seen, min(1.0, found), n)


def new_assay_bound(seen: float, m: int, c: float) -> Rates:
    """``R <= kl^-1(r, C_a / m)``: an assay whose k numbers alone were learned from its m molecules.

    Parameters
    ----------
    seen
        r, its share of wrong molecules.
    m
        Molecules, independent and drawn alike.
    c
        C of the code of its k numbers, its bias and its threshold: what they are coordinates of was
        learned from other molecules and counts as known before.

    Notes
    -----
    *Proof.* Given the other data, the code of the assay's numbers is a code of its models; (1) and
    Kraft's inequality hold as above. QED.
    """
    return error_bound(seen, m, c)
