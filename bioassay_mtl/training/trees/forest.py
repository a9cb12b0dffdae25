"""Random forests of a task, by scikit-learn; of values with bounds by expected values for these."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bioassay_mtl.nn.trees.links import forest_links
from bioassay_mtl.nn.trees.nodes import Trees
from bioassay_mtl.training.fitted.job import Grown, Job, Part, growers
from bioassay_mtl.training.fitted.tobit import inverse_mills

_grown_by = growers["forest"]

NEIGHBORS = 5
"""The base rate counts as one molecule against so many that a forest votes by.

Log loss with 1, 5 and 20 on 12 draws of 1,000 to 3,000 rows (Tox21, HIV, MUV): 0.2002, 0.1976 and
0.1999; on three more of HIV with 5, 20 and 200: 0.136, 0.148 and 0.170."""

OF_VALUES = 0.1
"""Share of the columns that a split of values chooses from: the RMSE of two draws of CHEMBL261 is
0.877, with the square root of their number 0.889."""

MOST_DENSE = 2**28
"""Numbers up to which rows are spread out: scikit-learn is several times as fast on these."""

SPREAD = 0.3
"""Standard deviation of what is expected beyond a bound, in those of the task's values.

On validation rows of nine ChEMBL assays it gives exact values an RMSE of 0.579, and a concordance
of 0.702; 0.1 has 0.569 and 0.698, bounds at face value 0.562 and 0.697, but then nothing is
predicted beyond a bound; the errors of exact values, in two rounds, have 0.675 and 0.704: they draw
exact ones down with the bounds."""

ENOUGH_TREES = 50
"""Trees for each row to be left out of some: what is expected of it is asked of these."""


@_grown_by.register("binary")
def _binary(job: Job) -> Grown:
    return _of_classes(job, job.train, base_rate(job), {1: 0})


@_grown_by.register("multiclass")
def _multiclass(job: Job) -> Grown:
    return _of_classes(job, job.train, base_rate(job), {k: k for k in range(len(job.outputs))})


@_grown_by.register("ordinal")
def _ordinal(job: Job) -> Grown:
    """Each step by the rows that reach it (:class:`~bioassay_mtl.nn.heads.ordinal.OrdinalHead`)."""
    parts, intercept = [], base_rate(job)
    for step in range(len(job.outputs)):
        train = job.train.where(job.train.y >= step)
        train = train.labeled(train.y > step)
        if train.tells:
            found = _of_classes(job, train, intercept[step : step + 1], {1: step})
            parts.append(found.trees)
            intercept[step] = found.intercept[0]
    return Grown(Trees.joined(parts), intercept)


@_grown_by.register("regression")
def _regression(job: Job) -> Grown:
    return _of_values(job, job.train)


@_grown_by.register("censored")
def _censored(job: Job) -> Grown:
    """A bound counts as what is expected of a value beyond it (Schmee and Hahn 1979).

    Expected are values about the out-of-bag predictions of a forest of bounds at face value.
    """
    train, bound = job.train, job.train.bound
    if not (exact := bound == 0).all():
        forest = _fitted(job, train, n_estimators=ENOUGH_TREES, oob_score=True)
        around = np.nan_to_num(forest.oob_prediction_.astype(np.float64), nan=job.start[0])
        spread = max(SPREAD, job.noise)
        off = bound * (around - train.y) / spread
        beyond = around + bound * spread * inverse_mills(off)
        # What is expected lies beyond the bound, whatever rounding says.
        beyond = np.where(bound > 0, np.maximum(beyond, train.y), beyond)
        beyond = np.where(bound < 0, np.minimum(beyond, train.y), beyond)
        train = train.labeled(np.where(exact, train.y, beyond))
    return _of_values(job, train)


def base_rate(job: Job) -> NDArray[np.float64]:
    """``(k,)``: what a forest predicts where it knows no more than the base rate."""
    start = torch.from_numpy(job.start)
    found: NDArray[np.float64] = forest_links[job.kind.kind].from_outputs(start).numpy()
    return found


def _of_classes(job: Job, train: Part, base: NDArray[np.float64], outputs: dict[int, int]) -> Grown:
    """Trees whose leaves sum to smoothed probabilities of some classes.

    Parameters
    ----------
    train
        Rows with classes as labels.
    base
        Base rates of the outputs.
    outputs
        Map from a class to the index of its output among the task's.
    """
    forest = _fitted(job, train)
    share = NEIGHBORS / (NEIGHBORS + 1)
    parts = []
    for place, known in enumerate(forest.classes_):
        if (output := outputs.get(int(known))) is None:
            continue
        for tree in forest.estimators_:
            held = tree.tree_.value[:, 0]
            value = held[:, place] / held.sum(axis=1) * share / len(forest.estimators_)
            parts.append(_tree(tree.tree_, value, int(job.outputs[output])))
    return Grown(Trees.joined(parts), base * (1 - share))


def _of_values(job: Job, train: Part) -> Grown:
    forest = _fitted(job, train)
    n = len(forest.estimators_)
    parts = [
        _tree(tree.tree_, tree.tree_.value[:, 0, 0] / n, int(job.outputs[0]))
        for tree in forest.estimators_
    ]
    return Grown(Trees.joined(parts), np.zeros(1))


def _fitted(job: Job, train: Part, **own: Any) -> Any:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    settings, is_value = job.settings, job.kind.is_value
    given = {
        "n_estimators": settings.n_trees,
        "max_depth": settings.depth,
        "max_features": settings.columns_per_node or (OF_VALUES if is_value else "sqrt"),
        "max_samples": None if settings.subsample == 1 else settings.subsample,
        "min_samples_leaf": settings.min_rows,
        "random_state": job.seed,
        "n_jobs": job.n_threads,
    }
    forest = (RandomForestRegressor if is_value else RandomForestClassifier)(**given | own)
    x = train.x.toarray() if np.prod(train.x.shape) <= MOST_DENSE else train.x.tocsc()
    # Weights that are all the same would be drawn by, in newer versions, with other numbers.
    weight = train.weight if np.ptp(train.weight) else None
    return forest.fit(x, train.y, sample_weight=weight)


def _tree(tree: Any, value: NDArray[np.float64], output: int) -> Trees:
    """One of scikit-learn's, which goes left where a number is at most the threshold."""
    left, right = tree.children_left, tree.children_right
    below = next_above(tree.threshold)
    return Trees.of_tree(
        column=np.maximum(tree.feature, 0),
        number=np.where(left < 0, value.astype(np.float32), below),
        left=left,
        right=right,
        missing_left=tree.threshold >= 0,  # what is missing was 0
        cover=tree.weighted_n_node_samples,
        output=output,
    )


def next_above(threshold: NDArray[np.float64]) -> NDArray[np.float32]:
    """``t'`` such that ``x < t'`` where ``x <= t``, for every float32 x."""
    found = threshold.astype(np.float32)
    infinity = np.float32(np.inf)
    found = np.where(found > threshold, np.nextafter(found, -infinity), found)
    return np.nextafter(found, infinity)
