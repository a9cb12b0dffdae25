"""The objective of a run: losses of all tasks, with weights that the training rows decide."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import torch
from torch import Tensor

from bioassay_mtl.balance import Objective, TaskLosses, positive_weights
from bioassay_mtl.balance.losses import KindLosses, class_weights
from bioassay_mtl.balance.reductions import reductions
from bioassay_mtl.config import did_you_mean
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.outputs import Group, Outputs
from bioassay_mtl.tasks.kinds import TaskKind
from bioassay_mtl.tasks.measured import MeasuredCells
from bioassay_mtl.training.config import TrainingConfig


def build_objective(
    config: TrainingConfig,
    outputs: Outputs,
    cells: MeasuredCells,
    tasks: Sequence[str],
    device: torch.device,
    *,
    sparse: bool = False,
) -> Objective:
    """The objective for some training rows.

    Parameters
    ----------
    config
        Settings of the run.
    outputs
        Outputs of the network.
    cells
        The measured cells of the training rows, values in standard units.
    tasks
        T names.
    device
        Device that losses are computed on.
    sparse
        Whether it is given the measured cells of a batch alone.
    """
    weights = of_tasks(config.task_weights, tasks, [kind.kind for kind in outputs.kinds])
    reduce = reductions[config.reduction]
    if weights is not None:
        reduce = _weighed(reduce, weights.to(device))
    objective = partial(
        Objective, reduce=reduce, expert_loss=config.expert_loss, decoupled=config.decoupled
    )
    of_groups = {
        number: _group_weights(group, outputs.kinds[int(group.tasks[0])], cells, config, device)
        for number, group in enumerate(outputs.groups)
    }
    has_actives = [kind.has_actives for kind in outputs.kinds]
    if all(has_actives) and not sparse:
        return objective(partial(config.loss, positive_weight=of_groups.get(0)))
    losses = KindLosses(outputs, config.loss, config.value_loss, of_groups, device)
    is_binary = None if all(has_actives) else torch.tensor(has_actives, device=device)
    return objective(losses, is_binary=is_binary)


def _group_weights(
    group: Group, kind: TaskKind, cells: MeasuredCells, config: TrainingConfig, device: torch.device
) -> Tensor | None:
    """Weights of actives ``(n,)``, or of classes ``(n, K)``; None for values."""
    if not kind.outcomes:
        return None
    counts = torch.stack(
        [torch.from_numpy(cells.counts_of(value)) for value in range(len(kind.outcomes))], dim=1
    )[group.tasks].to(device)
    if kind.has_actives:
        return positive_weights(counts[:, 1], counts[:, 0], config.positive_weight)
    return class_weights(counts, config.positive_weight)


def of_tasks(
    weights: Mapping[str, float], tasks: Sequence[str], kinds: Sequence[str]
) -> Tensor | None:
    """``(T,)`` weights from those by name of a task, or of a kind; None where all weigh 1.

    Raises
    ------
    ConfigError
        A name is neither a task nor a kind of one.
    """
    for name in weights:
        if name not in tasks and name not in kinds:
            near = did_you_mean(name, {*tasks, *kinds})
            raise ConfigError(f"task_weights: unknown task or kind {name!r} ({near})")
    if not weights:
        return None
    pairs = zip(tasks, kinds, strict=True)
    return torch.tensor([weights.get(task, weights.get(kind, 1.0)) for task, kind in pairs])


def _weighed(
    reduce: Callable[[TaskLosses], Tensor], weights: Tensor
) -> Callable[[TaskLosses], Tensor]:
    return lambda losses: reduce(losses) * weights
