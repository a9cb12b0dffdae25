"""Rows per second of a training step: MMoEEx, a shared bottom of its size, and a naive loop.

    python -m benchmarks.train_step [--quick]

The naive loop has one `torch.nn` network per expert that reads a dense copy of its input, one
linear layer per task and expert, and the same loss. Steps are timed in turn, round by round, on one
thread (and on CUDA where there is one); the median round counts. Real molecules (RDKit's NCI set)
with random labels: time does not depend on what is learnt. Graph experts are timed by
``benchmarks.train_step_graphs``.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from benchmarks.harness.steps import (
    BATCH,
    N_TASKS,
    Step,
    module_of,
    nci_data,
    step_of,
    stepper,
    whole_batches,
)
from benchmarks.harness.study import parser, report
from benchmarks.harness.timing import in_turn, report_ratios
from bioassay_mtl.training.batches import ResidentData
from bioassay_mtl.training.config import TrainingConfig

INPUTS = ("morgan", "morgan", "torsion", "atom_pair")
WIDTH = 600


class NaiveMixture(nn.Module):
    """One network per expert and one layer per task and expert, in Python loops."""

    def __init__(self, n_features: dict[str, int]) -> None:
        super().__init__()
        self.experts: Any = nn.ModuleList(
            nn.ModuleList([nn.Linear(n_features[name], WIDTH), nn.Linear(WIDTH, WIDTH)])
            for name in INPUTS
        )
        self.towers: Any = nn.ModuleList(
            nn.ModuleList(nn.Linear(WIDTH, 1) for _ in INPUTS) for _ in range(N_TASKS)
        )
        self.score = nn.Parameter(torch.zeros(N_TASKS, len(INPUTS)))
        self.dropout = nn.Dropout(0.4)

    def forward(self, dense: dict[str, Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Logits of the mixture ``(B, T)`` and of every expert."""
        hidden = []
        for name, (first, second) in zip(INPUTS, self.experts, strict=True):
            h = self.dropout(torch.relu(first(dense[name])))
            hidden.append(h + self.dropout(torch.relu(second(h))))
        votes = [
            torch.cat([towers[e](hidden[e]) for towers in self.towers], dim=1)
            for e in range(len(INPUTS))
        ]
        gates = torch.softmax(self.score, dim=1)
        mixed: Any = sum(gates[:, e] * vote.detach() for e, vote in enumerate(votes))
        return mixed, votes


def main() -> None:
    """Time the three."""
    quick = parser(__doc__, "two rounds of two steps").parse_args().quick
    torch.set_num_threads(1)
    for device in ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]:
        for precision in ("float32", "bfloat16"):
            run(torch.device(device), precision, *((2, 2) if quick else (5, 6)))


def run(device: torch.device, precision: str, rounds: int, steps: int) -> None:
    """Time every case in turn, and report rates and their ratios to MMoEEx."""
    data, sizes = nci_data(device)
    bottom = {"inputs": list(sizes), "width": 970, "depth": 2, "dropout": 0.4}
    shared = TrainingConfig.of({"network": {"kind": "shared_bottom", "bottom": bottom}})
    batches = whole_batches(data)
    cases = {
        "mmoeex": step_of(module_of(TrainingConfig(), data, sizes), batches),
        "shared_bottom of equal size": step_of(module_of(shared, data, sizes), batches),
        "naive loop over experts and tasks": naive(data, sizes, batches),
    }
    timed = {name: seconds_of_steps(step, device, precision, steps) for name, step in cases.items()}
    seconds = in_turn(timed, rounds)
    for name, times in seconds.items():
        case = f"{name}, {device.type} {precision}"
        report(case, "training_rate", BATCH / statistics.median(times), "rows/s")
        report_ratios(case, "step_time_ratio_to_mmoeex", times, seconds["mmoeex"])


def seconds_of_steps(
    step: Step, device: torch.device, precision: str, steps: int
) -> Callable[[], float]:
    """Seconds of one of some steps, after one that warms up."""

    def timed(n: int = steps) -> float:
        with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16"):
            start = time.perf_counter()
            for _ in range(n):
                step()
            if device.type == "cuda":
                torch.cuda.synchronize()
        return (time.perf_counter() - start) / n

    timed(1)
    return timed


def naive(data: ResidentData, n_features: dict[str, int], batches: Any) -> Step:
    """A step of the naive mixture on dense inputs."""
    network = NaiveMixture(n_features).to(data.device).train()

    def loss(rows: Tensor) -> Tensor:
        inputs: dict[str, Any] = dict(data.inputs(rows))
        dense = {n: x if isinstance(x, Tensor) else x.dense() for n, x in inputs.items()}
        mixed, votes = network(dense)
        targets, mask = data.targets(rows)
        losses = [
            (binary_cross_entropy_with_logits(out, targets, reduction="none") * mask).sum()
            for out in (mixed, *votes)
        ]
        total: Tensor = (losses[0] + sum(losses[1:]) / len(votes)) / len(rows)
        return total

    return stepper(loss, torch.optim.AdamW(network.parameters(), fused=True), batches)


if __name__ == "__main__":
    main()
