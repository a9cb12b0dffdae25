"""Boosted trees of a task, by XGBoost: for each output its own, the classes of a task together."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.nn.trees.nodes import Trees
from bioassay_mtl.nn.trees.sums import load_xgboost
from bioassay_mtl.training.fitted.job import Grown, Job, Part, growers
from bioassay_mtl.training.fitted.tobit import tobit_gradients, tobit_loss

_grown_by = growers["boosted_trees"]

Objective = Callable[[NDArray[np.float32], Any], tuple[NDArray[Any], NDArray[Any]]]


@_grown_by.register("binary")
def _binary(job: Job) -> Grown:
    trees = _boosted(job, job.train, job.valid, {"objective": "binary:logistic"})
    return Grown(trees, job.start)


@_grown_by.register("ordinal")
def _ordinal(job: Job) -> Grown:
    """Each step by the rows that reach it (:class:`~bioassay_mtl.nn.heads.ordinal.OrdinalHead`)."""
    parts = []
    for step in range(len(job.outputs)):
        train, valid = (part.where(part.y >= step) for part in (job.train, job.valid))
        train, valid = (part.labeled(part.y > step) for part in (train, valid))
        if train.tells:
            how = {"objective": "binary:logistic"}
            parts.append(_boosted(job, train, valid, how, first=step))
    return Grown(Trees.joined(parts), job.start)


@_grown_by.register("multiclass")
def _multiclass(job: Job) -> Grown:
    how = {"objective": "multi:softprob", "num_class": len(job.outputs)}
    return Grown(_boosted(job, job.train, job.valid, how, n=len(job.outputs)), job.start)


@_grown_by.register("regression")
def _regression(job: Job) -> Grown:
    trees = _boosted(job, job.train, job.valid, {"objective": "reg:squarederror"})
    return Grown(trees, job.start)


@_grown_by.register("censored")
def _censored(job: Job) -> Grown:
    if not job.train.bound.any():
        return _regression(job)

    def gradients(margin: NDArray[Any], data: Any) -> tuple[NDArray[Any], NDArray[Any]]:
        slope, curvature = tobit_gradients(margin, data.get_label(), job.train.bound, job.noise)
        weight = data.get_weight()
        return slope * weight, curvature * weight

    def loss(margin: NDArray[Any], data: Any) -> tuple[str, float]:
        losses = tobit_loss(margin, data.get_label(), job.valid.bound, job.noise)
        return "tobit", float(np.average(losses, weights=data.get_weight()))

    how = {"objective": "reg:squarederror", "disable_default_eval_metric": True}
    trees = _boosted(job, job.train, job.valid, how, obj=gradients, custom_metric=loss)
    return Grown(trees, job.start)


def base_rate(job: Job) -> NDArray[np.float64]:
    """``(k,)``: outputs where nothing but the base rate is known."""
    return job.start


def _boosted(
    job: Job, train: Part, valid: Part, how: dict[str, Any], first: int = 0, n: int = 1, **own: Any
) -> Trees:
    """Trees of n outputs of the task from the first on, stopped where validation rows can."""
    xgboost = load_xgboost()
    settings = job.settings
    params = {
        "max_depth": settings.depth,
        "eta": settings.learning_rate,
        "subsample": settings.subsample,
        "colsample_bytree": settings.columns_per_tree,
        "colsample_bynode": settings.columns_per_node,
        "min_child_weight": settings.min_child_weight,
        "lambda": settings.l2,
        "tree_method": "hist",
        "base_score": 0.5,
        "seed": job.seed,
        "nthread": 1,  # the order of a sum, and so its last digit, is that of the threads
        "verbosity": 0,
    }
    margin = job.start[first : first + n]
    data = _data(xgboost, train, margin)
    if valid.tells:
        own |= {"evals": [(_data(xgboost, valid, margin), "valid")], "verbose_eval": False}
        own |= {"early_stopping_rounds": settings.patience}
    booster = xgboost.train(params | how, data, settings.n_trees, **own)
    if valid.tells:
        booster = booster[: booster.best_iteration + 1]
    return trees_of(booster, job.outputs[first : first + n])


def _data(xgboost: Any, part: Part, margin: NDArray[np.float64]) -> Any:
    margins = np.tile(margin.astype(np.float32), (len(part.y), 1))
    return xgboost.DMatrix(
        part.x,
        part.y,
        weight=part.weight,
        base_margin=margins if len(margin) > 1 else margins[:, 0],
        nthread=1,
    )


def trees_of(booster: Any, outputs: NDArray[np.int64]) -> Trees:
    """The trees of a model of XGBoost.

    Parameters
    ----------
    booster
        An ``xgboost.Booster``.
    outputs
        ``(k,)``: the numbers of its outputs.
    """
    held = json.loads(bytes(booster.save_raw("json")))["learner"]["gradient_booster"]["model"]
    return Trees.joined(
        [
            _tree(tree, int(outputs[output]))
            for tree, output in zip(held["trees"], held["tree_info"], strict=True)
        ]
    )


def _tree(tree: dict[str, list[Any]], output: int) -> Trees:
    return Trees.of_tree(
        column=np.array(tree["split_indices"], np.int32),
        number=np.array(tree["split_conditions"], np.float32),
        left=np.array(tree["left_children"], np.int32),
        right=np.array(tree["right_children"], np.int32),
        missing_left=np.array(tree["default_left"], np.bool_),
        cover=np.array(tree["sum_hessian"], np.float32),
        output=output,
    )
