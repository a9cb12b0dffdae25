"""Rows and cells that each task is fitted from: its own measured rows."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from bioassay_mtl.balance.losses.positive_weights import PositiveWeight
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.heads import heads
from bioassay_mtl.nn.resident import resident
from bioassay_mtl.nn.trees.rows import tree_rows
from bioassay_mtl.training.batches import seed_of
from bioassay_mtl.training.fitted.checks import check_settings
from bioassay_mtl.training.fitted.job import Job, Part

if TYPE_CHECKING:
    from bioassay_mtl.training.loop import Run

T = TypeVar("T")
_LARGEST_SEED = 2**31


def check_run(run: Run) -> None:
    """See that a run asks nothing that cannot be obeyed where networks are fitted whole.

    Raises
    ------
    ConfigError
        The settings of the run do, or it starts from a model.
    """
    check_settings(run.config)
    if run.start:
        raise ConfigError(
            f"network.kind {run.config.network.kind}: it is fitted whole, and "  # type: ignore[attr-defined]
            "cannot go on from a model: train without a start"
        )


class Jobs:
    """The job of each task of a run.

    Parameters
    ----------
    run
        Run to fit.
    network
        Network that is fitted: its inputs, and its outputs.
    """

    def __init__(self, run: Run, network: Any) -> None:
        self.run, self.network = run, network
        self.n_threads = torch.get_num_threads()
        self.train = _Source.of(run, network, run.train_rows)
        self.valid = _Source.of(run, network, run.valid_rows)

    def __len__(self) -> int:
        return len(self.run.tasks)

    def of(self, task: int) -> Job:
        """Rows, settings and seed of a task."""
        config, kind = self.run.config, self.network.outputs.kinds[task]
        part = self.train.part(task)
        return Job(
            kind=kind,
            settings=config.network,
            train=_balanced(part, kind, config.positive_weight),
            valid=self.valid.part(task),
            start=heads[kind.kind].start(torch.from_numpy(part.y), kind).double().numpy(),
            outputs=self.network.outputs.of(torch.tensor([task]))[0].numpy(),
            noise=config.value_loss.noise,
            seed=seed_of(config.seed, task) % _LARGEST_SEED,
            n_threads=self.n_threads if len(self) == 1 else 1,
        )

    def each(self, do: Callable[[Job], T]) -> list[T]:
        """Result of every job, tasks shared out among threads."""
        with ThreadPoolExecutor(min(self.n_threads, len(self))) as pool:
            return list(pool.map(lambda task: do(self.of(task)), range(len(self))))


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
