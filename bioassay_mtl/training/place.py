"""Place of one rank of a run: its device, and how it meets the others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

PATIENCE = timedelta(minutes=10)
"""Time that a rank waits for the others, as NCCL does. One that dies is mostly noticed at once, by
its connection; where it has just taken what was sent to it, only by this."""


@dataclass(frozen=True)
class Place:
    """One device, and this process's rank among those that train together.

    Parameters
    ----------
    kind
        ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
    rank, n_ranks
        Rank of the process, and number of processes.
    n_threads
        Threads of each of several processes.
    meeting
        A file, by which several processes find each other.
    """

    kind: str
    rank: int = 0
    n_ranks: int = 1
    n_threads: int = 1
    meeting: str = ""

    @property
    def device(self) -> torch.device:
        """The first of its kind, or where there are several ranks the one of this rank."""
        several = self.kind == "cuda" and self.n_ranks > 1
        return torch.device(self.kind, self.rank) if several else torch.device(self.kind)

    @contextmanager
    def joined(self) -> Iterator[None]:
        """Context in which this process and the other ranks can exchange tensors."""
        if self.n_ranks == 1:
            yield
            return
        n_threads = torch.get_num_threads()
        torch.set_num_threads(self.n_threads)
        dist.init_process_group(
            "nccl" if self.kind == "cuda" else "gloo",
            init_method=f"file://{self.meeting}",
            rank=self.rank,
            world_size=self.n_ranks,
            timeout=PATIENCE,
        )
        try:
            yield
        finally:
            dist.destroy_process_group()
            torch.set_num_threads(n_threads)

    def spread(self, module: nn.Module) -> nn.Module:
        """A module whose gradients are the mean of all ranks'."""
        if self.n_ranks == 1:
            return module
        return DistributedDataParallel(module, [self.rank] if self.kind == "cuda" else None)
