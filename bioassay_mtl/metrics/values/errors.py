"""Errors of predicted values; of censored tasks over the exact values."""

from __future__ import annotations

import math

import numpy as np

from bioassay_mtl.metrics.ranking import Floats, quiet
from bioassay_mtl.metrics.registries import kind_metric
from bioassay_mtl.metrics.values.measured import Values


@kind_metric("rmse", "regression", "censored", limits=(0, math.inf))
def rmse(values: Values) -> Floats:
    """Root of the mean squared error, in the task's unit; lower is better."""
    exact = values.exact
    return np.sqrt(exact.mean(exact.errors**2))


@kind_metric("mae", "regression", "censored", limits=(0, math.inf))
def mae(values: Values) -> Floats:
    """Mean absolute error, in the task's unit; lower is better."""
    exact = values.exact
    return exact.mean(np.abs(exact.errors))


@kind_metric("r2", "regression", "censored", limits=(-math.inf, 1))
def r2(values: Values) -> Floats:
    """Share of the variance that is explained; below 0 worse than the mean of these values.

    Equal to scikit-learn's ``r2_score``; not defined where all values are equal.
    """
    exact = values.exact
    variance = exact.mean((exact.labels[:, None] - exact.mean(exact.labels)) ** 2)
    smallest = 1e-12 * exact.mean(exact.labels**2)  # what rounding makes of equal values
    with quiet():
        share = 1 - exact.mean(exact.errors**2) / variance
        found: Floats = np.where(variance > smallest, share, np.nan)
    return found
