"""Sums over a batch whose rows are spread over processes (DistributedDataParallel).

Every rank has a part of the rows, and ranks' gradients are averaged, so the loss of a task is the
mean of its losses on the ranks. All ranks must make the same calls in the same order; in a single
process nothing happens.
"""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch import Tensor

_IN_ORDER = torch.contiguous_format


def is_spread() -> bool:
    """Whether this process is one of several ranks."""
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def mean_of_ranks(values: Tensor) -> Tensor:
    """The mean of floating-point values, bit for bit the same on every rank; detached."""
    if not is_spread():
        return values.detach()
    total = values.detach().clone(memory_format=_IN_ORDER)
    dist.all_reduce(total)
    return total / dist.get_world_size()


def on_any_rank(flags: Tensor) -> Tensor:
    """``bool``: what is true on at least one rank."""
    if not is_spread():
        return flags
    anywhere = flags.int()
    dist.all_reduce(anywhere, dist.ReduceOp.MAX)
    return anywhere.bool()


def dealt_out(values: Tensor, n: int) -> Tensor:
    """``(n, ...)``, of which rank r of R has those of rows r, r + R, ..."""
    if not is_spread():
        return values
    whole = values.new_zeros(n, *values.shape[1:])
    whole[dist.get_rank() :: dist.get_world_size()] = values
    dist.all_reduce(whole)
    return whole


def of_first_rank(values: Tensor) -> Tensor:
    """Values that hold random draws: those of the first rank, for all."""
    if not is_spread():
        return values
    values = values.detach().clone(memory_format=_IN_ORDER)
    dist.broadcast(values, src=0)
    return values
