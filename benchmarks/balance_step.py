"""Cost of a balanced training step, as a multiple of a plain-sum step.

    python -m benchmarks.balance_step [--quick]

Real molecules (RDKit's NCI set) with random labels, and the network of the default settings, on one
thread (and on CUDA where there is one). A step is a batch of 1,024 molecules, forward, backward and
update. Plain and balanced steps are timed in turn, round by round, and the median ratio counts; on
a CPU time is that of the thread, which other processes change little. Peak memory is that of one
step over what is held between steps. The naive loop, and all tasks with every parameter, are timed
in one step on a CPU.
"""

from __future__ import annotations

import copy
import gc
import statistics
import time
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from benchmarks.harness.steps import (
    BATCH,
    Step,
    module_of,
    nci_features,
    order_of_rows,
    random_labels,
    step_of,
)
from benchmarks.harness.study import parser, report
from benchmarks.harness.timing import peak_bytes
from bioassay_mtl.balance import Batch, Update, balancers
from bioassay_mtl.balance.reductions import task_means
from bioassay_mtl.nn.rows import Rows
from bioassay_mtl.training.batches import ResidentData
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.module import TrainingModule

N_TASKS = (12, 32, 128, 617)
ENOUGH_SECONDS = 20
NAIVE = "naive loop"
"""Two-step on everything as the paper has it: a deep copy and two passes for every task."""
OURS = {"sum", "fixed", "two_step"}
QUICK = {"gradnorm", "mgda", "pcgrad"}
MOST_TASKS = {"upgrad": 128}
"""At 617 tasks its solver does not end a step in six minutes."""
TARGETS = {
    "two_step task order=1 T=128": "<= 1.3",
    "two_step task order=2 T=128": "<= 2.5",
    "two_step all sampled=8 order=1 T=128": "<= 12",
    "mgda T=128": "<= 2",
    "pcgrad T=128": "<= 6",
}


def two_step(**settings: Any) -> dict[str, Any]:
    """Settings with a step long enough to leave no denormal numbers behind."""
    return {"kind": "two_step", "inner_learning_rate": 0.01, **settings}


def main() -> None:
    """Time all cases."""
    quick = parser(__doc__, "narrow experts, few rounds, no 617 tasks").parse_args().quick
    torch.set_num_threads(1)
    config = quick_config() if quick else TrainingConfig()
    for device in ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]:
        for n_tasks in (12, 128) if quick else N_TASKS:
            run(torch.device(device), config, n_tasks, quick)


def quick_config() -> TrainingConfig:
    """The default network with experts of 64 units."""
    network = TrainingConfig().network.model_dump()
    for group in network["experts"]:
        group["width"] = 64
    return TrainingConfig.of({"network": network})


def run(device: torch.device, config: TrainingConfig, n_tasks: int, quick: bool) -> None:
    """Time the cases of one number of tasks against plain steps, and report."""
    blocks, sizes = nci_features(n=2 * BATCH)
    data = ResidentData(blocks, random_labels(2 * BATCH, n_tasks), device)
    rows = Rows.of(order_of_rows(2 * BATCH).to(device))
    batches = rows[:BATCH], rows[BATCH:]

    def module(balance: Any) -> TrainingModule:
        settings = TrainingConfig.of({**config.model_dump(), "balance": balance})
        return module_of(settings, data, sizes)

    rounds = 3 if quick else 9
    few = 1 if quick or device.type == "cpu" else 3
    eight = {"scope": "all", "tasks_per_step": 8}
    cases: dict[str, tuple[Any, int]] = {
        "two_step task order=1": (two_step(), rounds),
        "two_step task order=2": (two_step(order=2), rounds),
        "two_step all sampled=8 order=1": (two_step(**eight), rounds),
        "two_step all sampled=8 order=2": (two_step(**eight, order=2), rounds),
    }
    if n_tasks <= 128:
        cases["two_step all order=1"] = (two_step(scope="all"), few)
        cases[NAIVE] = ("sum", few)
    for kind in sorted(QUICK & set(balancers) if quick else set(balancers) - OURS):
        if n_tasks <= MOST_TASKS.get(kind, n_tasks):
            cases[kind] = (kind, rounds)
    plain = step_of(module("sum"), batches)
    plain()
    plain_bytes = peak_bytes(plain, device)
    for name, (balance, n_rounds) in cases.items():
        found = module(balance)
        if name == NAIVE:
            found.balancer.forward = naive_two_step  # type: ignore[method-assign]
        step = step_of(found, batches)
        measure(f"{name} T={n_tasks}", step, n_rounds, plain, plain_bytes, device)
        del found, step
        gc.collect()


def measure(
    case: str, step: Step, n_rounds: int, plain: Step, plain_bytes: int | None, device: torch.device
) -> None:
    """Report how much longer and how much more memory a step takes than a plain one."""
    if n_rounds > 1:
        step()
    ratios: list[float] = []
    seconds: list[float] = []
    while len(ratios) < n_rounds and sum(seconds) < ENOUGH_SECONDS:
        before = seconds_of(plain, device)
        seconds.append(seconds_of(step, device))
        # Plain steps on both sides: a drift of the machine's speed falls out.
        around = (before + seconds_of(plain, device)) / 2
        ratios.append(seconds[-1] / around)
    target, case = TARGETS.get(case), case if device.type == "cpu" else f"{case}, {device.type}"
    report(case, "time_ratio_to_plain", statistics.median(ratios), "1", target)
    report(case, "step_time", statistics.median(seconds), "s")
    if plain_bytes is not None and n_rounds > 1:
        n_bytes = peak_bytes(step, device)
        assert n_bytes is not None
        report(case, "peak_memory", n_bytes / 2**20, "MiB")
        report(case, "peak_memory_ratio", n_bytes / plain_bytes, "1")


def seconds_of(step: Step, device: torch.device) -> float:
    """Wall time of one step; on a CPU, the time of this one thread on it."""
    if device.type == "cpu":
        start = time.process_time()
        step()
        return time.process_time() - start
    torch.cuda.synchronize()
    start = time.perf_counter()
    step()
    torch.cuda.synchronize()
    return time.perf_counter() - start


def naive_two_step(batch: Batch) -> Update:
    """First order, rate 0.01: the sum over tasks of the gradients of their stepped copies."""
    n_inner = round(2 / 3 * len(batch))
    inner, outer = batch.part(0, n_inner), batch.part(n_inner, len(batch))
    before = replace(batch.objective, reduce=task_means)
    network, n_tasks = batch.network, batch.labels[1].shape[1]
    parameters = list(network.parameters())
    total = [torch.zeros_like(parameter) for parameter in parameters]
    losses: list[Tensor] = []
    for task in range(n_tasks):
        clone = copy.deepcopy(network)
        mine = list(clone.parameters())
        loss = replace(inner, network=clone, objective=before).task_losses()[task]
        with torch.no_grad():
            for parameter, gradient in zip(mine, torch.autograd.grad(loss, mine), strict=True):
                parameter -= 0.01 * gradient
        loss = replace(outer, network=clone).task_losses()[task]
        for held, gradient in zip(total, torch.autograd.grad(loss, mine), strict=True):
            held += gradient
        losses.append(loss.detach())
    # Its gradient is the total.
    update = sum((p * g).sum() for p, g in zip(parameters, total, strict=True))
    assert isinstance(update, Tensor)
    return Update(update, torch.stack(losses))


if __name__ == "__main__":
    main()
