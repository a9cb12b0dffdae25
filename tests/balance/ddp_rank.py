"""Balanced steps of a small network, on one rank of several or in a process of its own.

``python -m tests.balance.ddp_rank RANK FOLDER`` is one of two ranks: it runs every case, with the
same start, on its half of every batch, and leaves what came out in ``FOLDER/RANK.pt``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from bioassay_mtl.balance import Batch, balance_config, balancers, build_balancer
from tests.balance.small_batch import TASKS, DenseRows, small_batch

N_RANKS, N_STEPS, N_ROWS = 2, 5, 12
HAS_TORCHJD = find_spec("torchjd") is not None
TWO_STEP = {"kind": "two_step", "inner_learning_rate": 0.1}
SETTINGS: dict[str, dict[str, Any]] = {
    "two_step task 1": TWO_STEP,
    "two_step task 2": {**TWO_STEP, "order": 2},
    "two_step all 1": {**TWO_STEP, "scope": "all", "chunk_size": 2},
    "two_step all 2 sampled": {**TWO_STEP, "scope": "all", "order": 2, "tasks_per_step": 3},
    "fixed": {"kind": "fixed", "weights": [2.0, 1.0, 0.5, 1.0, 3.0]},
    **{
        name: {"kind": name}
        for name, balancer in balancers.items()
        if name not in ("fixed", "two_step")
        and (HAS_TORCHJD or "aggregators" not in balancer.__module__)
    },
}
"""Every balancer that is installed."""


class Balanced(nn.Module):
    """What DistributedDataParallel wraps: a network and its balancer."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.batch = small_batch(gate="low_rank", expert_loss=0.5, decoupled=True)
        self.network = self.batch.network
        self.balancer = build_balancer(balance_config(SETTINGS[name]), TASKS).double()
        self.data = DenseRows(uneven_mask())

    def forward(self, rows: Tensor) -> Tensor:
        batch = Batch(self.network, self.batch.objective, self.data, rows)
        loss: Tensor = self.balancer(batch).loss
        return loss


def uneven_mask() -> Tensor:
    """``(60, 5)``: tasks that only one rank measures in a batch, and one that comes late."""
    shape = (N_STEPS * N_ROWS, len(TASKS))
    mask = torch.rand(shape, generator=torch.Generator().manual_seed(5)) < 2 / 3
    mask[:N_ROWS, 3] = False
    mask[1 : 2 * N_ROWS : 2, 1] = False
    mask[2 * N_ROWS : 3 * N_ROWS : 2, 0] = False
    return mask


def batches(rank: int | None) -> list[Tensor]:
    """Rows of every step: of one rank, or all of them."""
    whole = torch.arange(N_STEPS * N_ROWS).split(N_ROWS)
    return [rows if rank is None else rows[rank::N_RANKS] for rows in whole]


def seed(step: int, rank: int) -> None:
    """Ranks draw different dropout, tasks and orders."""
    torch.manual_seed(100 * step + rank)


def run(module: Balanced, gradients: Callable[[int], None]) -> list[dict[str, Tensor]]:
    """Gradients of every step and, under ``state``, weights and balancer's state after it.

    Parameters
    ----------
    module
        Takes the steps.
    gradients
        Leaves those of a step in its parameters.
    """
    optimizer = torch.optim.SGD(module.parameters(), lr=0.05, momentum=0.5)
    record = []
    for step in range(N_STEPS):
        if step % 2 == 0:
            module.balancer.start_epoch(step // 2)
        optimizer.zero_grad()
        gradients(step)
        found = {n: p.grad.clone() for n, p in module.named_parameters() if p.grad is not None}
        optimizer.step()
        state = {f"state.{n}": value.clone() for n, value in module.state_dict().items()}
        record.append(found | state)
    return record


def on_rank(name: str, rank: int) -> list[dict[str, Tensor]]:
    """The steps of one rank."""
    module = Balanced(name)
    spread = DistributedDataParallel(module)

    def gradients(step: int) -> None:
        seed(step, rank)
        spread(batches(rank)[step]).backward()

    return run(module, gradients)


def main(rank: int, folder: Path) -> None:
    torch.set_num_threads(1)
    where = f"file://{folder / 'meeting'}"
    dist.init_process_group("gloo", init_method=where, rank=rank, world_size=N_RANKS)
    names = (folder / "cases").read_text().splitlines()
    torch.save({name: on_rank(name, rank) for name in names}, folder / f"{rank}.pt")
    dist.destroy_process_group()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
