"""From a run's rows and cells to a network of trees: each task on its own measured rows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from bioassay_mtl.balance.losses.positive_weights import PositiveWeight
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.architectures.base import build_network
from bioassay_mtl.nn.heads import heads
from bioassay_mtl.nn.resident import resident
from bioassay_mtl.nn.trees.nodes import Trees
from bioassay_mtl.nn.trees.rows import tree_rows
from bioassay_mtl.nn.trees.sums import load_xgboost
from bioassay_mtl.training.batches import seed_of
from bioassay_mtl.training.trees import boosting, forest
from bioassay_mtl.training.trees.checks import check_settings
from bioassay_mtl.training.trees.job import Grown, Job, Part, growers

if TYPE_CHECKING:
    from bioassay_mtl.training.loop import Run

_LARGEST_SEED = 2**31

base_rates = {"boosted_trees": boosting.base_rate, "forest": forest.base_rate}
"""What a task without trees is predicted by."""


def fit_trees(run: Run) -> Any:
    """A fitted :class:`~bioassay_mtl.nn.architectures.trees.TreeNetwork`.

    The same seed gives the same trees, whatever the number of threads: tasks are shared out among
    these, and a forest's trees where there is only one task.

    Parameters
    ----------
    run
        What to fit; its validation rows, if any, end boosting.

    Raises
    ------
    ConfigError
        The settings ask for what trees cannot do.
    MissingExtraError
        XGBoost is not installed.
    """
    check_settings(run.config)
    if run.start:
        raise ConfigError(
            f"network.kind {run.config.network.kind}: trees are fitted whole, and "  # type: ignore[attr-defined]
            "cannot go on from a model: train without a start"
        )
    load_xgboost()
    network: Any = build_network(run.config.network, run.sizes, run.tasks, run.kinds)
    train, valid = (_Source.of(run, network, rows) for rows in (run.train_rows, run.valid_rows))
    n_threads = torch.get_num_threads()
    grow = partial(_grown, run, network, train, valid, n_threads if len(run.tasks) == 1 else 1)
    with ThreadPoolExecutor(min(n_threads, len(run.tasks))) as pool:
        grown = list(pool.map(grow, range(len(run.tasks))))
    intercept = torch.from_numpy(np.concatenate([each.intercept for each in grown]))
    network.grown(Trees.joined([each.trees for each in grown]), intercept.float())
    return network


class _Source:
    """Rows that trees read, and their measured cells."""

    def __init__(self, x: Any, cells: Any, weight: NDArray[np.float32] | None) -> None:
        self.x, self.cells, self.weight = x, cells, weight

    @staticmethod
    def of(run: Run, network: Any, rows: NDArray[np.int64]) -> _Source:
        here = torch.device("cpu")
        place = torch.from_numpy(rows)
        inputs = {n: resident(run.blocks[n], here).batch(place) for n in network.inputs}
        x = tree_rows(inputs, run.sizes, network.inputs)
        weight = None if run.weights is None else run.weights[run.cells.cells_in(rows)]
        return _Source(x, run.cells.take(rows), weight)

    def part(self, task: int) -> Part:
        """The measured rows of a task."""
        rows, values, bound = self.cells.of_task(task)
        weight = None if self.weight is None else self.weight[self.cells.cells_of(task)]
        return Part(
            x=self.x[rows],
            y=values,
            bound=np.zeros(len(rows), np.int8) if bound is None else bound,
            weight=np.ones(len(rows), np.float32) if weight is None else weight,
        )


def _grown(
    run: Run, network: Any, train: _Source, valid: _Source, n_threads: int, task: int
) -> Grown:
    """The trees of a task, or its base rate."""
    config, kind = run.config, network.outputs.kinds[task]
    part = train.part(task)
    start = heads[kind.kind].start(torch.from_numpy(part.y), kind).double().numpy()
    job = Job(
        kind=kind,
        settings=config.network,
        train=_balanced(part, kind, config.positive_weight),
        valid=valid.part(task),
        start=start,
        outputs=network.outputs.of(torch.tensor([task]))[0].numpy(),
        noise=config.value_loss.noise,
        seed=seed_of(config.seed, task) % _LARGEST_SEED,
        n_threads=n_threads,
    )
    name = config.network.kind  # type: ignore[attr-defined]
    grow = growers[name][kind.kind]
    return grow(job) if part.tells else Grown(Trees.none(), base_rates[name](job))


def _balanced(part: Part, kind: Any, how: PositiveWeight) -> Part:
    """Rows of rare outcomes weighing more, as ``positive_weight`` says."""
    if how == "none" or kind.is_value or not len(part.y):
        return part
    label = part.y.astype(np.int64)
    counts = np.bincount(label).astype(np.float64)
    most = counts[0] if kind.has_actives else counts.max()
    ratio = np.where(counts > 0, most / np.maximum(counts, 1), 1.0)
    if kind.has_actives and not counts.all():
        ratio[:] = 1.0
    factor = ratio if how == "full" else np.sqrt(ratio)
    return replace(part, weight=part.weight * factor[label].astype(np.float32))
