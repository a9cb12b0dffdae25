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
from bioassay_mtl.nn.outputs import Outputs
from bioassay_mtl.tasks.kinds import all_binary
from bioassay_mtl.training.config import TrainingConfig


def build_objective(
    config: TrainingConfig, outputs: Outputs, labels: Tensor, tasks: Sequence[str]
) -> Objective:
    """The objective for some training rows.

    Parameters
    ----------
    config
        Settings of the run.
    outputs
        Of the network.
    labels
        ``(n, T)`` of the training rows: int8 of binary tasks, else floating in standard units.
    tasks
        T names.
    """
    weights = of_tasks(config.task_weights, tasks, [kind.kind for kind in outputs.kinds])
    reduce = reductions[config.reduction]
    if weights is not None:
        reduce = _weighed(reduce, weights.to(labels.device))
    objective = partial(
        Objective, reduce=reduce, expert_loss=config.expert_loss, decoupled=config.decoupled
    )
    if all_binary(outputs.kinds):
        n_actives, n_inactives = (labels == 1).sum(0), (labels == 0).sum(0)
        weight = positive_weights(n_actives, n_inactives, config.positive_weight)
        return objective(partial(config.loss, positive_weight=weight))
    of_groups: dict[int, Tensor | None] = {}
    for number, group in enumerate(outputs.groups):
        some = labels[:, group.tasks]
        if group.kind == "binary":
            of_groups[number] = positive_weights(
                (some == 1).sum(0), (some == 0).sum(0), config.positive_weight
            )
        elif (n_classes := group.columns.shape[1]) > 1:
            counts = torch.stack([(some == c).sum(0) for c in range(n_classes)], dim=1)
            of_groups[number] = class_weights(counts, config.positive_weight)
    losses = KindLosses(outputs, config.loss, config.value_loss, of_groups, labels.device)
    is_binary = [kind.kind == "binary" for kind in outputs.kinds]
    return objective(losses, is_binary=torch.tensor(is_binary, device=labels.device))


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
