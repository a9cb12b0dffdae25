"""Cost of a balanced training step, as a multiple of a plain-sum step.

    python -m benchmarks.balance_step [--quick]

Real molecules (RDKit's NCI set) with random labels, and the network of the default settings, on one
thread (and on CUDA where there is one). A step is a batch of 1,024 molecules, forward, backward and
update. Plain and balanced steps are timed in turn, round by round, and the median ratio counts; on
a CPU time is that of the thread, which other processes change little. On CUDA the peak memory of a
step is told, over what is held between steps. The naive loop, and all tasks with every parameter,
are timed in one step on a CPU.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import sys
from dataclasses import replace
from typing import Any

import torch

from benchmarks.harness import steps
from benchmarks.harness.steps import BATCH, Step
from benchmarks.harness.study import begin, report
from bioassay_mtl.balance import Batch, Update, balancers
from bioassay_mtl.balance.reductions import task_means
from bioassay_mtl.nn.rows import Rows
from bioassay_mtl.training.config import TrainingConfig

N_TASKS = (12, 32, 128, 617)
ENOUGH_SECONDS = 20
NAIVE = "naive loop"
"""Two-step on everything as the paper has it: a deep copy and two passes for every task."""
OURS = {"sum", "fixed", "two_step"}
QUICK = {"gradnorm", "mgda", "pcgrad"}
MOST_TASKS = {"upgrad": 128}
"""At 617 tasks its solver does not end a step in six minutes."""
TWO_STEP: dict[str, dict[str, Any]] = {
    "two_step task order=1": {},
    "two_step task order=2": {"order": 2},
    "two_step all sampled=8 order=1": {"scope": "all", "tasks_per_step": 8},
    "two_step all sampled=8 order=2": {"scope": "all", "tasks_per_step": 8, "order": 2},
}
"""Settings beside a step that is long enough to leave no denormal numbers behind."""
TARGETS = {
    "two_step task order=1 T=128": "<= 1.3",
    "two_step task order=2 T=128": "<= 2.5",
    "two_step all sampled=8 order=1 T=128": "<= 12",
    "mgda T=128": "<= 2",
    "pcgrad T=128": "<= 6",
}


def run(asked: argparse.Namespace) -> None:
    config = TrainingConfig()
    if asked.quick:
        network = config.network.model_dump()
        network["experts"] = [group | {"width": 64} for group in network["experts"]]
        config = TrainingConfig.of({"network": network})
    for device in asked.device:
        for n_tasks in asked.tasks or ((12, 128) if asked.quick else N_TASKS):
            time_all(torch.device(device), config, n_tasks, asked.quick)


def time_all(device: torch.device, config: TrainingConfig, n_tasks: int, quick: bool) -> None:
    """Time the cases of one number of tasks against plain steps, and report."""
    data, sizes = steps.nci_data(device, n=2 * BATCH, n_tasks=n_tasks)
    rows = Rows.of(steps.order_of_rows(2 * BATCH).to(device))
    batches, rounds = (rows[:BATCH], rows[BATCH:]), 3 if quick else 9
    few = 1 if quick or device.type == "cpu" else 3
    slow = {"kind": "two_step", "inner_learning_rate": 0.01}
    cases: dict[str, tuple[Any, int]] = {n: (slow | how, rounds) for n, how in TWO_STEP.items()}
    if n_tasks <= 128:
        cases["two_step all order=1"] = (slow | {"scope": "all"}, few)
        cases[NAIVE] = ("sum", few)
    for kind in sorted(QUICK & set(balancers) if quick else set(balancers) - OURS):
        if n_tasks <= MOST_TASKS.get(kind, n_tasks):
            cases[kind] = (kind, rounds)

    plain = steps.step_of(module_for(config, "sum", data, sizes), batches)
    plain()
    for name, (balance, n_rounds) in cases.items():
        found = module_for(config, balance, data, sizes)
        if name == NAIVE:
            found.balancer.forward = naive_two_step
        step = steps.step_of(found, batches)
        measure(f"{name} T={n_tasks}", step, n_rounds, plain, device)


def module_for(config: TrainingConfig, balance: Any, data: Any, sizes: dict[str, Any]) -> Any:
    config = TrainingConfig.of({**config.model_dump(), "balance": balance})
    return steps.module_of(config, data, sizes)


def measure(case: str, step: Step, n_rounds: int, plain: Step, device: torch.device) -> None:
    """Report how much longer, and on CUDA how much more memory, a step takes than a plain one."""
    if n_rounds > 1:
        step()
    plainly, balanced = steps.timed(plain, device), steps.timed(step, device)
    ratios: list[float] = []
    seconds: list[float] = []
    while len(ratios) < n_rounds and sum(seconds) < ENOUGH_SECONDS:
        before = plainly()
        seconds.append(balanced())
        # Plain steps on both sides: a drift of the machine's speed falls out.
        ratios.append(seconds[-1] / ((before + plainly()) / 2))
    target, case = TARGETS.get(case), case if device.type == "cpu" else f"{case}, {device.type}"
    report(case, "time_ratio_to_plain", statistics.median(ratios), "1", target)
    report(case, "step_time", statistics.median(seconds), "s")
    if device.type == "cuda":
        n_bytes = peak_bytes(step)
        report(case, "peak_memory", n_bytes / 2**20, "MiB")
        report(case, "peak_memory_ratio", n_bytes / peak_bytes(plain), "1")


def peak_bytes(step: Step) -> int:
    """Most memory of a GPU that one step takes beyond what is held before it."""
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    held = torch.cuda.memory_allocated()
    step()
    return torch.cuda.max_memory_allocated() - held


def naive_two_step(batch: Batch) -> Update:
    """First order, rate 0.01: the sum over tasks of the gradients of their stepped copies."""
    n_inner = round(2 / 3 * len(batch))
    inner, outer = batch.part(0, n_inner), batch.part(n_inner, len(batch))
    before = replace(batch.objective, reduce=task_means)
    parameters = list(batch.network.parameters())
    total = [torch.zeros_like(parameter) for parameter in parameters]
    losses = []
    for task in range(batch.labels[1].shape[1]):
        clone = copy.deepcopy(batch.network)
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
    update = torch.stack([(p * g).sum() for p, g in zip(parameters, total, strict=True)]).sum()
    return Update(update, torch.stack(losses))


if __name__ == "__main__":
    tasks = {"type": int, "nargs": "+", "help": "numbers of them"}
    options = {"--tasks": tasks, "--device": steps.DEVICES}
    sys.exit(begin(__doc__, run, "narrow experts, few rounds, no 617 tasks", options))
