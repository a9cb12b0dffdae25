"""Network of trees from a run's rows and cells: each task on its own measured rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from bioassay_mtl.nn.architectures.base import build_network
from bioassay_mtl.nn.trees.nodes import Trees
from bioassay_mtl.nn.trees.sums import load_xgboost
from bioassay_mtl.training.fitted.job import Grown, Job, growers
from bioassay_mtl.training.fitted.rows import Jobs, check_run
from bioassay_mtl.training.trainers import fitters
from bioassay_mtl.training.trees import boosting, forest

if TYPE_CHECKING:
    from bioassay_mtl.training.loop import Run

base_rates = {"boosted_trees": boosting.base_rate, "forest": forest.base_rate}
"""Prediction of a task without trees."""


@fitters.register("boosted_trees")
@fitters.register("forest")
def fit_trees(run: Run) -> Any:
    """A fitted :class:`~bioassay_mtl.nn.architectures.trees.TreeNetwork`.

    The same seed gives the same trees, whatever the number of threads: tasks are shared out among
    these, and a forest's trees where there is only one task.

    Parameters
    ----------
    run
        Run to fit; its validation rows, if any, end boosting.

    Raises
    ------
    ConfigError
        The settings ask for what trees cannot do.
    MissingExtraError
        XGBoost is not installed.
    """
    check_run(run)
    load_xgboost()
    network: Any = build_network(run.config.network, run.sizes, run.tasks, run.kinds)
    name = run.config.network.kind  # type: ignore[attr-defined]

    def grow(job: Job) -> Grown:
        if not job.train.tells:
            return Grown(Trees.none(), base_rates[name](job))
        return growers[name][job.kind.kind](job)

    grown = Jobs(run, network).each(grow)
    intercept = torch.from_numpy(np.concatenate([each.intercept for each in grown]))
    network.grown(Trees.joined([each.trees for each in grown]), intercept.float())
    return network
