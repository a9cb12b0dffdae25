"""Linear models of a task: logistic and ridge by scikit-learn, Tobit regression where bounds are.

Sparse rows are multiplied as they are. Every problem is convex, so that nothing is drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from bioassay_mtl.nn.architectures.base import build_network
from bioassay_mtl.registry import Registry
from bioassay_mtl.training.fitted.job import Job, Part
from bioassay_mtl.training.fitted.rows import Jobs, check_run
from bioassay_mtl.training.fitted.tobit import tobit_gradients, tobit_loss
from bioassay_mtl.training.trainers import fitters

if TYPE_CHECKING:
    from bioassay_mtl.training.loop import Run

MOST_STEPS = 1_000
Numbers = NDArray[np.float64]


class Line(NamedTuple):
    """Weights ``(F, k)`` and intercepts ``(k,)`` of the outputs of a task."""

    weights: Numbers
    intercept: Numbers


linear_fits: Registry[Callable[[Job], Line]] = Registry("task type of linear models")
"""Fits of the weights of a task, by its kind."""


@fitters.register("linear")
def fit_linear(run: Run) -> Any:
    """A fitted :class:`~bioassay_mtl.nn.architectures.linear.Linear`.

    Parameters
    ----------
    run
        Run to fit; its validation rows are not needed.

    Raises
    ------
    ConfigError
        The settings ask for what is not done where networks are fitted whole.
    """
    check_run(run)
    network: Any = build_network(run.config.network, run.sizes, run.tasks, run.kinds)

    def fitted(job: Job) -> Line:
        if not job.train.tells:
            return Line(np.zeros((job.train.x.shape[1], len(job.outputs))), job.start)
        return linear_fits[job.kind.kind](job)

    lines = Jobs(run, network).each(fitted)
    weights = torch.from_numpy(np.hstack([each.weights for each in lines])).float()
    intercept = torch.from_numpy(np.concatenate([each.intercept for each in lines])).float()
    tables = network.product.tables
    widths = [len(tables[name]) for name in network.inputs]  # in the order of the rows' columns
    network.weigh(dict(zip(network.inputs, weights.split(widths), strict=True)), intercept)
    return network


@linear_fits.register("binary")
def _binary(job: Job) -> Line:
    return _logistic(job, job.train)


@linear_fits.register("ordinal")
def _ordinal(job: Job) -> Line:
    """Each step by the rows that reach it (:class:`~bioassay_mtl.nn.heads.ordinal.OrdinalHead`)."""
    weights, intercept = np.zeros((job.train.x.shape[1], len(job.outputs))), job.start.copy()
    for step in range(len(job.outputs)):
        reach = job.train.where(job.train.y >= step)
        part = reach.labeled(reach.y > step)
        if part.tells:
            line = _logistic(job, part)
            weights[:, step], intercept[step] = line.weights[:, 0], line.intercept[0]
    return Line(weights, intercept)


@linear_fits.register("multiclass")
def _multiclass(job: Job) -> Line:
    """Model of classes; one without rows has the base rate, logits of two may have any sum."""
    line = _logistic(job, job.train)
    weights, intercept = np.zeros((job.train.x.shape[1], len(job.outputs))), job.start.copy()
    there = np.unique(job.train.y).astype(int)
    if len(there) == 2:
        halves = np.array([-0.5, 0.5])
        line = Line(line.weights * halves, line.intercept * halves)
    weights[:, there] = line.weights
    intercept[there] = line.intercept + (job.start[there].mean() - line.intercept.mean())
    return Line(weights, intercept)


@linear_fits.register("regression")
def _regression(job: Job) -> Line:
    from sklearn.linear_model import Ridge

    part = job.train
    found = Ridge(job.settings.l2, solver="sparse_cg", tol=1e-6, max_iter=MOST_STEPS)
    found.fit(part.x, part.y.astype(np.float64), sample_weight=part.weight.astype(np.float64))
    return Line(np.reshape(found.coef_, (-1, 1)), np.reshape(found.intercept_, 1))


@linear_fits.register("censored")
def _censored(job: Job) -> Line:
    """Model of censored values by the Tobit likelihood (Tobin 1958), whose logarithm is concave."""
    part = job.train
    return _tobit(part, job) if part.bound.any() else _regression(job)


def _logistic(job: Job, part: Part) -> Line:
    from sklearn.linear_model import LogisticRegression

    found = LogisticRegression(C=1 / job.settings.l2, max_iter=MOST_STEPS)
    found.fit(part.x, part.y.astype(np.int64), sample_weight=part.weight)
    return Line(found.coef_.T, found.intercept_)


def _tobit(part: Part, job: Job) -> Line:
    from scipy.optimize import minimize

    x, l2 = part.x.astype(np.float64), job.settings.l2

    def loss(theta: Numbers) -> tuple[float, Numbers]:
        margin = x @ theta[:-1] + theta[-1]
        given = (margin, part.y, part.bound, job.noise)
        slope = tobit_gradients(*given)[0] * part.weight
        whole = (tobit_loss(*given) * part.weight).sum() + l2 / 2 * (theta[:-1] ** 2).sum()
        return float(whole), np.append(x.T @ slope + l2 * theta[:-1], slope.sum())

    begin = np.append(np.zeros(x.shape[1]), job.start[0])
    found = minimize(loss, begin, jac=True, method="L-BFGS-B", options={"maxiter": MOST_STEPS})
    return Line(found.x[:-1, None], found.x[-1:])
