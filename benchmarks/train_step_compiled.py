"""What `torch.compile` does to a training step.

    python -m benchmarks.train_step_compiled [--quick] [--device cuda]

Experts, gates and towers are compiled for any size of a batch; what the compiler cannot follow
stays outside: oneDNN's products, sums over neighbours, and what is made of a batch once. Told are
the seconds until the third step is done, compiling included (less where the compiler's cache on
disk is not empty), and afterwards the time of a plain step in those of a compiled one, in turn,
round by round; below 1 compiling is a loss. Needs a C++ compiler. On CUDA parts are compiled to
graphs of the device (``mode="reduce-overhead"``), one for each size of a batch.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

import torch

from benchmarks.harness import steps
from benchmarks.harness.study import begin, report
from benchmarks.harness.timing import in_turn, report_ratios, seconds_of
from benchmarks.train_step_graphs import BATCHES, GRAPH, SIZE
from bioassay_mtl.nn import products
from bioassay_mtl.nn.graphs import GraphInput, Incidence
from bioassay_mtl.training.config import TrainingConfig

FIRST = 3  # at the second the compiler learns that sizes change
GRAPHS = ("dmpnn", "gine", "gatedgcn")


def run(asked: argparse.Namespace) -> None:
    """Time the default network and each kind of graph experts."""
    device = torch.device(asked.device)
    leave_outside()
    # Some layers serve several sizes and kinds; past the limit (8) they would not be compiled.
    torch._dynamo.config.recompile_limit = 64
    compare("mmoeex", {}, steps.BATCH, device, asked.quick)
    for kind in GRAPHS[: 1 if asked.quick else None]:
        group = SIZE | {"kind": kind, "n": 1}
        config = {"fingerprints": GRAPH, "network": {"experts": [group]}}
        compare(f"1 {kind} expert", config, BATCHES[0], device, asked.quick)


def leave_outside() -> None:
    """Hide from the compiler what it cannot follow."""
    hidden: list[tuple[Any, str]] = [
        (products, "_batched_product"),
        (Incidence, "__matmul__"),
        (Incidence, "largest"),
        (GraphInput, "once"),
    ]
    for owner, name in hidden:
        setattr(owner, name, torch.compiler.disable(getattr(owner, name)))


def compare(
    name: str, settings: dict[str, Any], batch: int, device: torch.device, quick: bool
) -> None:
    """Report the time to compile and the ratio of the steps thereafter."""
    how = {"dynamic": True} if device.type == "cpu" else {"mode": "reduce-overhead"}
    name, config = f"{name}, batch {batch}, float32, {device.type}", TrainingConfig.of(settings)
    torch.compiler.reset()
    data, sizes = steps.nci_data(device, settings.get("fingerprints"))
    batches, cases = steps.whole_batches(data, batch), {}
    for kind in ("compiled", "plain"):
        module = steps.module_of(config, data, sizes)
        if kind == "compiled":
            network = module.network
            for part in (*network.groups, network.gate, network.tower):
                part.compile(**how)
        step = steps.step_of(module, batches)
        first = seconds_of(steps.timed(step, device, FIRST))
        report(name, f"first_steps_{kind}", first, "s")
        cases[kind] = steps.timed(step, device, 2 if quick else 4)
    turns = in_turn(cases, 2 if quick else 7)
    report_ratios(name, "step_rate_ratio_compiled_to_plain", turns["plain"], turns["compiled"])


if __name__ == "__main__":
    options = {"--device": {"default": "cpu", "help": "where steps are taken"}}
    sys.exit(begin(__doc__, run, "two rounds of two steps, one kind of graphs", options))
