"""The contract of balancers: from the losses of the tasks to one update.

A balancer is a module with one method to write, ``forward(batch) -> Update``. Its buffers and
parameters are its state: checkpoints keep them, and the optimizer trains the parameters along with
the network's. A new one is a new file that registers itself here.

Under DistributedDataParallel every rank balances its own rows, and the gradients of the ranks are
averaged. What a balancer decides by, or remembers, is the mean over all ranks, and what it draws is
the first rank's (:mod:`bioassay_mtl.balance.ranks`): weights and state are the same everywhere, and
those of one process with the whole batch. Two-step balancing judges each rank's rows by themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from torch import Tensor, nn

from bioassay_mtl.balance.objective import Batch
from bioassay_mtl.config import Config
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.registry import Registry, class_of


class Update(NamedTuple):
    """Update that a balancer makes of a batch.

    Attributes
    ----------
    loss
        A number whose gradient is the update.
    task_losses
        ``(T,)`` losses of the tasks before balancing, detached, for the record.
    """

    loss: Tensor
    task_losses: Tensor


class Balancer(nn.Module):
    """Weighs tasks against each other.

    Parameters
    ----------
    config
        Settings of the balancer, of :attr:`config_class`.
    tasks
        Names of the T tasks.
    """

    config_class: ClassVar[type[Config]]
    learning_rate: float = 0.0
    """The optimizer's rate of the coming step, kept up to date by the training loop."""

    def __init__(self, config: Any, tasks: Sequence[str]) -> None:
        super().__init__()
        self.config, self.n_tasks = config, len(tasks)

    def forward(self, batch: Batch) -> Update:
        """The update of one batch."""
        raise NotImplementedError

    def start_epoch(self, epoch: int) -> None:
        """Callback before the first batch of epoch number ``epoch`` (from 0)."""


balancers: Registry[type[Balancer]] = Registry(
    "balancer", "balancers", class_of("bioassay_mtl.balance:Balancer", settings=True)
)


def balance_config(values: str | Mapping[str, Any] | Config) -> Config:
    """Validate a balancer by its name, or by a mapping of settings with its ``kind``."""
    if isinstance(values, Config):
        return values
    if isinstance(values, str):
        values = {"kind": values}
    if not isinstance(values, Mapping):
        raise ConfigError(f"balance: a name or settings by name are expected, found {values!r}")
    return balancers[values.get("kind", "sum")].config_class.of(dict(values))


def build_balancer(config: Config, tasks: Sequence[str]) -> Balancer:
    """The balancer of some settings, at the start of its work on these tasks."""
    return balancers[config.kind](config, tasks)  # type: ignore[attr-defined]
