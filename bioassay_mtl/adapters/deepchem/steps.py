"""The steps of a run: those of some epochs over a dataset, or one for each batch of a generator."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from torch import Tensor

from bioassay_mtl.adapters.deepchem.learner import Learner
from bioassay_mtl.adapters.deepchem.material import Material
from bioassay_mtl.adapters.deepchem.rates import rate_at
from bioassay_mtl.balance import Batch
from bioassay_mtl.training.batches import batch_size, epoch_batches, seed_of
from bioassay_mtl.training.objective import build_objective
from bioassay_mtl.training.optimizer import schedule

WARMUP_STEPS = 10
"""Steps in which the rate of a run whose end is not known rises, once in the life of a model."""


@dataclass(frozen=True)
class Step:
    """One step: the rows to learn from, and how.

    Parameters
    ----------
    batch
        None where no cell is measured: the step is counted, and nothing is learned.
    rate
        The learning rate.
    seed
        Seed of what is dropped out.
    last
        Whether an epoch ends.
    """

    batch: Batch | None
    rate: float = 0.0
    seed: int = 0
    last: bool = False


def epoch_steps(
    learner: Learner, material: Material, n_epochs: int, *, in_order: bool = False
) -> Iterator[Step]:
    """Steps of a run over a dataset: those of the training loop, for a learner that is new.

    Parameters
    ----------
    learner
        Learner that takes the steps; its objective becomes that of these rows.
    material
        The dataset.
    n_epochs
        Passes over it; the learning rate rises and falls once.
    in_order
        Whether rows keep their order.
    """
    config, network = learner.config, learner.network
    data, rows = material.resident(learner.model)
    cells = data.cells.take(material.usable)
    learner.objective = build_objective(
        config, network.outputs, cells, learner.model.tasks, data.device
    )
    weights = config.sampling.of_cells(cells, network.outputs.kinds)
    size = batch_size(learner.config.batch_size, len(rows))
    n_before = 0
    for _ in range(n_epochs):
        batches = _batches(rows, size, learner, weights, in_order)
        learner.balancer.start_epoch(learner.epoch)
        for number, some in enumerate(batches):
            share = schedule(config, n_before, n_epochs * len(batches))
            yield Step(
                Batch(network, learner.objective, data, some),
                _rate(learner, share),
                seed_of(config.seed, learner.epoch, number, 0),
                last=number + 1 == len(batches),
            )
            n_before += 1
        learner.end_epoch()


def _batches(
    rows: Tensor, size: int, learner: Learner, weights: Tensor | None, in_order: bool
) -> list[Tensor]:
    if in_order:
        return list(rows.split(size))
    return epoch_batches(rows, size, learner.config.seed, learner.epoch, weights)


def batch_steps(learner: Learner, materials: Iterable[Material | None]) -> Iterator[Step]:
    """A step for each batch; None for one without a measured cell.

    The rate is constant, or that of the schedule of DeepChem: where such a run ends nobody knows.
    """
    for material in materials:
        learner.n_batches += 1
        if material is None:
            yield Step(None)
            continue
        data, rows = material.resident(learner.model)
        rise = 1.0 if learner.config.warmup == 0 else (learner.step + 1) / WARMUP_STEPS
        yield Step(
            Batch(learner.network, learner.objective, data, rows),
            _rate(learner, min(1.0, rise)),
            seed_of(learner.config.seed, learner.epoch, learner.step, 0),
        )
    learner.end_epoch()


def _rate(learner: Learner, share: float) -> float:
    """Rate of the schedule of DeepChem, if there is one; else a share of the setting's."""
    given = learner.settings.schedule
    return learner.config.learning_rate * share if given is None else rate_at(given, learner.step)
